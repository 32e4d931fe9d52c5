"""The texts that `init_workspace` writes into a new workspace."""

GITIGNORE = """# 課から届いた元のファイルと、作り直せるものは git に入れません。
inbox/
var/
"""

CATALOGUES = """# 公開先のカタログ。municipality.yml の catalogues と plan.yml の counts_in は、ここの名前を使います。
# API トークンはここに書きません。token_env に書いた名前の環境変数に入れます。
catalogues:
  embedded:
    kind: embedded
    title: 埋め込みカタログ
    counts: false                # 計画の数には入りません
    note: 作業フォルダーの var/catalogue/ に作られます。

  ckan:
    kind: ckan
    title: CKAN
    url_env: KOKAI_CKAN_URL      # アドレスを入れておく環境変数
    token_env: KOKAI_CKAN_TOKEN  # API トークンを入れておく環境変数
    create_organization: false
"""

PLAN = """# {name}の計画。オープンデータの目標をもつ計画を書くと、kokai kpi が数えます。
# 下の見本の先頭の「# 」を消し、自分の計画の言葉に書き直してください。何も書かなければ、計画はないものとします。
#
# plans:
#   - id: our_dx                          # 英小文字・数字・_ の名前
#     title: {name}DX推進計画
#     section: オープンデータの推進         # 文書の中の場所
#     source: {name}DX推進計画(令和8年3月)  # 出典の文書
#     period: {{start: 2026-04-01, end: 2031-03-31, words: 令和8〜12年度}}
#     goals:
#       - quote: 「(計画の原文)」
#     unit: 種類                           # 数える単位: 種類、packages、files、records
#     baseline: {{value: 10, unit: 件, as_of: 2026-03-31}}   # なければ null
#     target:                              # 数値目標がなければ null
#       value: 30
#       unit: 種類
#       deadline: 2031-03-31
#       quote: 「(計画の原文)」
#     counts_in: [ckan]                    # 数に入れるカタログ
"""

EXAMPLE = """# データセットの宣言の書きかた。_ で始まるファイルは読まれません。
# 写して aed.yml のような名前にして使います(ファイル名がデータセットの ID になります)。
# kokai add ファイル を使うと、この形のファイルが自動でできます。
kind: aed                               # 種類。kokai schema list で一覧が出ます
edition: municipal-standard-v3          # 公開する版
title: AED設置箇所一覧
description: 市内のAED(自動体外式除細動器)の設置場所、設置位置、利用できる曜日と時間をまとめた一覧です。
section: 消防本部                        # 所管課
frequency: annual                       # 更新の頻度
as_of: "2026-04-01"                     # データの時点
source_file: inbox/AED設置箇所.xlsx      # 課から届いたファイル
columns:                                # 元の見出し: 標準の見出し(自動で分からないものだけ)
  設置場所: 名称
ignore:                                 # 公開しない列: 理由
  担当者メモ: 課内の覚え書きのため
constants:                              # すべての行に入れる値
  団体名: 見本市
lookups:                                # いつも同じまちがいを直す
  利用可能曜日: {毎日: 月火水木金土日}
geocode_coarsest: oaza                  # 座標がないとき、どこまで粗い点で補ってよいか
"""

FIRST_READ = """{name} オープンデータの作業フォルダー

1. 課から届いた Excel や CSV を datasets/{body}/inbox に置きます。
2. kokai check ファイル           まちがいと直しかたを見ます。
3. kokai add ファイル             宣言ファイル(datasets/{body}/*.yml)を作ります。
4. kokai run                     検査し、直し、まとめて、var/catalogue に公開します。
5. kokai kpi                     計画に対する数を見ます(datasets/{body}/plan.yml に計画を書いてから)。

datasets/{body}/municipality.yml   自治体の名前、コード、問い合わせ先(はじめに確かめてください)
datasets/{body}/_example.yml       宣言の書きかた
schemas/                           標準にない独自の種類の様式(なければ空のまま)
ledger/                            いつ何を公開したかの台帳(消さないでください)
inbox と var は git に入りません。
"""

MUNICIPALITY = """# {name}の宣言。コード・電話番号・日付は、必ず " " で囲みます。
code: "{code}"                 # 全国地方公共団体コード(6 桁)
name: {name}
{kana}
{english}
prefecture: {prefecture}
# 法人番号は計算したものです。国税庁の法人番号公表サイトで確かめてください
corporate_number: "{corporate_number}"
organization_id: "{code}"      # カタログサイトでの組織の ID
licence:
  id: CC-BY-4.0
  title: Creative Commons Attribution 4.0
  url: https://creativecommons.org/licenses/by/4.0/deed.ja
contact:
  section: 情報担当課            # 問い合わせ先の課に書き直してください
  tel: ""
crs: EPSG:6668                 # 緯度・経度の基準(JGD2011)
catalogues: [embedded]         # 公開先。datasets/catalogues.yml の名前を並べます
sample: false
"""

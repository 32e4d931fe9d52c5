"""The words of a plan in Japanese and English: actions, reasons, the names of a catalogue's fields."""

from __future__ import annotations

ACTIONS = {
    "create": ("新規", "create", "+"),
    "update": ("更新", "update", "~"),
    "adopt": ("引継ぎ", "adopt", ">"),
    "upload": ("送信", "upload", "↑"),
    "withdraw": ("取下げ", "withdraw", "-"),
    "keep": ("変更なし", "keep", "="),
}
"""action -> Japanese, English, sign."""

REASONS = {
    "absent": ("カタログにまだありません", "not in the catalogue yet"),
    "same": ("すべて同じです", "everything is the same"),
    "files-differ": ("ファイルの中身が変わりました", "the bytes of a file differ"),
    "words-differ": ("説明の項目が変わりました", "fields of the description differ"),
    "unfinished": (
        "非公開のままです(前回が途中か、手で非公開にされました)", "still private: an earlier run was cut off, or a person hid it",
    ),
    "public-again": ("取り下げたデータを、もう一度公開します", "withdrawn before, public again"),
    "adopt-name": ("同じ名前のデータセットが、手で登録されています", "a person made a dataset of this name"),
    "adopt-id": ("同じIDのデータセットがあります(名前が違います)", "a dataset with this id has another name"),
    "adopt-title": ("同じ題名のデータセットが、手で登録されています", "a person made a dataset of this title"),
    "named": ("名前を挙げて取り下げます", "withdrawn by name"),
    "file-new": ("新しいファイルです", "a new file"),
    "file-changed": ("中身が変わりました", "other bytes"),
    "file-unsigned": ("中身の控え(SHA-256)がカタログにありません", "the catalogue has no hash of ours"),
    "file-linked": ("リンクだけで、ファイルがありません", "only a link, no file"),
    "file-left": ("パッケージにはもうありません(残します)", "no longer in the package; stays"),
    "file-foreign": ("カタログ側で足されたものです(残します)", "added in the catalogue; stays"),
}
"""reason -> Japanese, English."""

FIELDS = {
    "title": "題名", "notes": "説明", "license_id": "ライセンス", "owner_org": "組織", "author": "作成者",
    "maintainer": "連絡先", "maintainer_email": "メール", "version": "時点", "url": "ページ", "private": "非公開",
    "tags": "タグ", "groups": "グループ", "name": "名前",
    "description": "説明", "format": "形式", "mimetype": "MIME", "size": "大きさ",
    "sha256": "SHA-256", "source_file": "ファイル名", "extras:as_of": "基準日", "extras:edition": "標準の版",
    "extras:frequency": "更新頻度", "extras:kind": "種類", "extras:records": "件数", "extras:spatial": "範囲",
    "extras:spatial_text": "地域", "extras:temporal_start": "期間(始)", "extras:temporal_end": "期間(終)",
    "extras:source_id": "登録番号", "extras:theme": "分類", "extras:conforms_to": "準拠する標準",
    "extras:language": "言語", "extras:municipality_code": "団体コード", "extras:kokai_withdrawn": "取下げ日時",
}


def field_ja(field: str) -> str:
    """A catalogue field's Japanese name; the field itself where there is none."""
    return FIELDS.get(field, field.removeprefix("extras:"))

"""A column heading to the kind of personal data that it announces, if any."""

from __future__ import annotations

import re
import unicodedata

from pipelines.values.patterns import late_pattern

_KINDS = (
    ("guard-my-number", r"マイナンバ|個人番号"),
    ("guard-birth-date", r"生年月日|誕生日|^生年$|birth"),
    (
        "guard-home-address",
        r"自宅.*住所|自宅の?所在|本籍|現住所|"
        r"(?:世帯主|本人|担当者|申請者|申込者|代表者|管理者|所有者|開設者)の?住所",
    ),
    ("guard-home-phone", r"携帯(?:電話)?|自宅.*電話|自宅tel"),
    (
        "guard-person-name",
        r"氏名|姓名|苗字|名字|^姓$|^名$|世帯主|続柄"
        r"|(?:担当者|代表者|責任者|管理者|申請者|申込者|所有者|保護者|利用者|受講者|参加者|開設者|設置者"
        r"|会員|役員|職員|本人|児童|生徒|園児|患者|相談者|園長|校長|館長|院長|所長|会長|区長|班長|世話人|民生委員)(?:の?(?:お?名前|名))(?:$|[_(（])"
        r"|^(?:担当者|世話人|園長|校長|館長|院長|会長|区長|班長|民生委員)$",
    ),
)
_COMPILED = tuple((code, late_pattern(pattern, re.IGNORECASE)) for code, pattern in _KINDS)


def personal_kind(heading: str) -> str | None:
    """The guard code that a heading announces (氏名, 生年月日, 自宅住所, 携帯電話, 個人番号), or None."""
    folded = re.sub(r"\s+", "", unicodedata.normalize("NFKC", heading))
    for code, pattern in _COMPILED:
        if pattern.search(folded):
            return code
    return None

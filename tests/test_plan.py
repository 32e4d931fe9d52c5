"""Plans: row differences by key, files matched to ids, words, the approval sheet on one page, hand-over there and back."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.declare import Catalogue
from pipelines.errors import CatalogueError, KokaiError
from pipelines.model import Package
from publish.ckan.doctor import examine
from publish.ckan.portal import Portal
from publish.ckan.streaming import Multipart, Upload
from publish.ckan.token import Token, find_token, portal_address
from publish.ckan.trouble import judge
from publish.ckan.wanted import want
from publish.cli import main
from publish.handover import fields_to_paste, read_handover, write_handover
from publish.plan import Plan, change_lines, compare_rows, make_change, summary_line
from publish.plan.compare import match_files
from publish.plan.wording import REASONS
from publish.plan.words import difference
from publish.plan.written import plan_dict, plan_number
from publish.report.approval import sheet_facts, sheet_html, sheet_pdf, write_sheet
from tests.fake_ckan import EDITOR, SYSADMIN, fake_ckan
from tests.fake_packages import make_body, make_package

BODY = make_body()
CATALOGUE = Catalogue("ckan", "ckan", "試験", url_env="KOKAI_CKAN_URL", token_env="KOKAI_CKAN_TOKEN")


def csv(*rows: str) -> bytes:
    return b"\xef\xbb\xbf" + ("\r\n".join(rows) + "\r\n").encode()


def test_rows_are_compared_by_key_and_moved_points_measured() -> None:
    old = csv("ID,名称,緯度,経度", "1,市役所,34.0,131.0", "2,図書館,34.1,131.1", "3,公園,34.2,131.2")
    new = csv("ID,名称,緯度,経度", "1,市役所,34.001,131.0", "2,中央図書館,34.1,131.1", "4,体育館,34.3,131.3")
    found = compare_rows(old, new, key=["ID"], lat="緯度", lon="経度")
    assert (found.before, found.after, found.added, found.changed, found.removed, found.moved) == (3, 3, 1, 2, 1, 1)
    assert 110 < found.moved_max_m < 112
    assert ("変更", "2", "名称", "図書館", "中央図書館") in found.examples


@pytest.mark.parametrize("key", [[], ["ID"], ["ない列"]])
def test_without_a_usable_key_whole_rows_are_compared(key: list[str]) -> None:
    old, new = csv("ID,名称", "1,a", "1,b"), csv("ID,名称", "1,a", "1,c")
    found = compare_rows(old, new, key=key)
    assert (found.added, found.changed, found.removed) == (1, 0, 1)


@pytest.mark.parametrize(("new", "key", "counts"), [
    # the standards declare no key: the ID tells the rows apart
    (["1,市役所,34.001,131.0", "2,図書館,34.1,131.1", "4,体育館,34.3,131.3"], ("ID",), (1, 1, 1, 1)),
    # a row came in at the top and every ID moved on: the name tells them apart
    (["1,体育館,34.3,131.3", "2,市役所,34.0,131.0", "3,図書館,34.1,131.1", "4,公園,34.2,131.2"], ("名称",), (1, 3, 0, 0)),
    # all facilities were given other names: the ID tells them apart
    (["1,本庁,34.0,131.0", "2,中央図書館,34.1,131.1", "3,中央公園,34.2,131.2"], ("ID",), (0, 3, 0, 0)),
])
def test_without_a_declared_key_the_heading_that_explains_most_is_taken(
    new: list[str], key: tuple[str, ...], counts: tuple[int, int, int, int]
) -> None:
    head = "ID,名称,緯度,経度"
    old = csv(head, "1,市役所,34.0,131.0", "2,図書館,34.1,131.1", "3,公園,34.2,131.2")
    found = compare_rows(old, csv(head, *new), lat="緯度", lon="経度")
    assert (found.key, (found.added, found.changed, found.removed, found.moved)) == (key, counts)


def test_rows_without_any_key_are_shown_by_their_first_cells() -> None:
    found = compare_rows(csv("区分,年齢,人数", "男,0,5", "男,1,6"), csv("区分,年齢,人数", "男,0,5", "男,1,7"))
    assert found.key == () and found.examples == (("追加", "男 1 7", "", "", ""), ("削除", "男 1 6", "", "", ""))


def test_a_row_that_only_moved_down_is_no_change() -> None:
    found = compare_rows(csv("ID,名称", "1,a", "2,b"), csv("ID,名称", "2,b", "1,a"), key=["ID"])
    assert (found.added, found.changed, found.removed) == (0, 0, 0)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.text("あいう", max_size=3)), max_size=20),
       st.lists(st.tuples(st.integers(0, 30), st.text("あいう", max_size=3)), max_size=20))
def test_rows_before_and_after_always_add_up(a: list[tuple[int, str]], b: list[tuple[int, str]]) -> None:
    old, new = (csv("ID,名", *(f"{n},{t}" for n, t in rows)) for rows in (a, b))
    found = compare_rows(old, new, key=["ID"])
    assert found.after == found.before + found.added - found.removed


def held_of(package: Package, **more: Any) -> dict[str, Any]:
    w = want(package, BODY, CATALOGUE)
    return {
        **w.fields, "name": w.name, "id": w.id, "private": False, "metadata_modified": "1", "state": "active",
        "organization": {"name": w.fields["owner_org"]}, "tags": [{"name": t} for t in w.tags],
        "extras": [{"key": k, "value": v} for k, v in w.extras.items()],
        "resources": [{**f.fields, "id": f.id, "url_type": "upload", "url": f"https://x.invalid/{f.path}"} for f in w.files],
        **more,
    }


def test_ids_are_kept_by_file_name_where_the_portal_chose_its_own(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    held = held_of(package)
    for n, r in enumerate(held["resources"]):
        r["id"] = f"portal-{n}"
    w = want(package, BODY, CATALOGUE)
    assert {p: r["id"] for p, r in match_files(w, held).items()} == {f.path: f"portal-{n}" for n, f in enumerate(w.files)}
    assert make_change(w, held).action == "keep"


@pytest.mark.parametrize(("field", "value", "reason"), [
    ("title", "手で直した", "words-differ"), ("private", True, "unfinished"), ("license_id", "", "words-differ"),
])
def test_each_difference_has_its_reason(tmp_path: Path, field: str, value: Any, reason: str) -> None:
    package = make_package(tmp_path)
    change = make_change(want(package, BODY, CATALOGUE), held_of(package, **{field: value}))
    assert (change.action, change.reason) == ("update", reason)
    assert [f.field for f in change.fields] == [field]
    text = "\n".join(change_lines(change))
    assert REASONS[reason][0] in text


def test_a_file_that_left_the_package_is_named_and_stays(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    held = held_of(package)
    held["resources"].append({"id": "old", "source_file": "352136_aed_2020.csv", "url_type": "upload", "url": "x", "sha256": "1"})
    change = make_change(want(package, BODY, CATALOGUE), held)
    assert change.action == "keep"
    assert [f.reason for f in change.files if f.id == "old"] == ["file-left"]


def make_plan(tmp_path: Path) -> tuple[Plan, Package]:
    package = make_package(tmp_path)
    change = make_change(want(package, BODY, CATALOGUE), None)
    facts = {"ckan_version": "2.12.0", "datasets": 0, "requests": 2}
    return Plan("ckan", "https://x.invalid", "2026-04-01T09:00:00+09:00", "担当", facts, (change,)), package


def test_of_two_long_texts_the_plan_shows_the_place_that_changed() -> None:
    before = "見本" * 30 + "旧館の入口" + "あ" * 60
    one, two = difference(before, before.replace("旧館", "新館"))
    assert "旧館" in one and "新館" in two and len(one) <= 42 and one.startswith("…")
    assert difference("短い題名", "短い名前") == ("短い題名", "短い名前")
    assert difference("", "あ" * 50) == ("", "あ" * 40 + "…")
    assert difference("あ" * 50, "あ" * 50 + "い")[1].endswith("い")


def test_a_plan_as_json_says_every_reason_in_two_languages(tmp_path: Path) -> None:
    plan, _ = make_plan(tmp_path)
    made = json.loads(json.dumps(plan_dict(plan), ensure_ascii=False))
    assert made["changes"][0]["reason_ja"] and made["changes"][0]["reason_en"]
    assert made["counts"]["create"] == 1 and made["counts"]["uploads"] == 2
    assert summary_line(plan).startswith("新規1件")


def test_the_approval_sheet_is_one_a4_page_and_always_the_same_bytes(tmp_path: Path) -> None:
    plan, package = make_plan(tmp_path)
    facts = sheet_facts(plan, {package.name: package}, title="試験", before={})
    one, two = sheet_pdf(facts), sheet_pdf(facts)
    assert one == two and one.startswith(b"%PDF") and one.count(b"/Type /Page\n") + one.count(b"/Type /Page ") == 1
    assert b"595.28 841.89" in one
    text = sheet_html(facts)
    for words in ("起案者", "課長", "個人情報の点検", "AED設置箇所一覧", "新規", "@page { size: A4"):
        assert words in text
    assert plan_number(plan) in text and plan_number(plan) == plan_dict(plan)["digest"][:12]
    with pytest.raises(KokaiError):
        write_sheet(tmp_path / "x.docx", plan, {}, title="x")


def test_the_sheet_names_the_fields_that_change(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    w = want(package, BODY, CATALOGUE)
    change = make_change(w, held_of(package, title="前の題名", notes="前の説明"))
    plan = Plan("ckan", "https://x.invalid", "2026-04-01T09:00:00+09:00", "試験", {}, (change,))
    facts = sheet_facts(plan, {package.name: package}, title="試験", before={})
    assert "項目の変更: 352136_aed 説明・題名" in facts["guard"]


def test_a_handover_goes_there_and_back_without_the_record(tmp_path: Path) -> None:
    package = make_package(tmp_path / "p")
    write_handover(tmp_path / "a.zip", [package], title="試験カタログ")
    write_handover(tmp_path / "b.zip", [package], title="試験カタログ")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    names = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert not [n for n in names if "record" in n or "findings" in n or "fixes" in n]
    assert {"登録項目.csv", "登録項目.html", "SHA256SUMS", "manifest.json"} <= set(names)
    assert b"aed.csv\"" not in zipfile.ZipFile(tmp_path / "a.zip").read("manifest.json")
    back = read_handover(tmp_path / "a.zip", tmp_path / "in")
    assert [p.descriptor for p in back] == [package.descriptor]
    assert want(back[0], BODY, CATALOGUE).package_sha256 == want(package, BODY, CATALOGUE).package_sha256
    assert ("データセット", "URL(識別名)", "352136_aed") in fields_to_paste(package)


@pytest.mark.parametrize("how", ["changed", "missing", "added", "outside", "cut"])
def test_a_handover_that_is_not_whole_is_refused(tmp_path: Path, how: str) -> None:
    write_handover(tmp_path / "a.zip", [make_package(tmp_path / "p")], title="x")
    with zipfile.ZipFile(tmp_path / "a.zip") as old, zipfile.ZipFile(tmp_path / "b.zip", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("352136_aed.csv"):
                if how == "missing":
                    continue
                data = data + b"x" if how == "changed" else data
            new.writestr(name, data)
        if how in ("added", "outside"):
            new.writestr("packages/x.csv" if how == "added" else "../x.csv", b"1")
    if how == "cut":
        (tmp_path / "b.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:-200])
    with pytest.raises(CatalogueError) as stop:
        read_handover(tmp_path / "b.zip", tmp_path / "in")
    assert stop.value.code == "handover-damaged"
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(("address", "code"), [
    ("http://portal.example.lg.jp", "catalogue-plain-http"), ("", "catalogue-address"), ("ftp://x.invalid", "catalogue-address"),
    ("https://user:hidden-0123@portal.example.lg.jp", "catalogue-address-secret"),
    ("http://127.0.0.1.example.lg.jp", "catalogue-plain-http"),
])
def test_an_address_that_would_show_the_token_is_refused(address: str, code: str) -> None:
    with pytest.raises(CatalogueError) as stop:
        portal_address(CATALOGUE, {"KOKAI_CKAN_URL": address})
    assert stop.value.code == code
    assert "hidden-0123" not in str(stop.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:5000/", "http://localhost", "http://[::1]:5000", "https://x.example.lg.jp/ckan"])
def test_loopback_may_be_plain(address: str) -> None:
    assert portal_address(CATALOGUE, {"KOKAI_CKAN_URL": address}) == address.rstrip("/")


def test_a_token_comes_from_the_environment_or_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    assert find_token(CATALOGUE, {"KOKAI_CKAN_TOKEN": "canary-0123456789"}).reveal() == "canary-0123456789"
    file = tmp_path / "token"
    file.write_text("canary-0123456789\n")
    file.chmod(0o600)
    assert find_token(CATALOGUE, {"KOKAI_CKAN_TOKEN_FILE": str(file)}).reveal() == "canary-0123456789"
    file.chmod(0o644)
    with pytest.raises(CatalogueError) as stop:
        find_token(CATALOGUE, {"KOKAI_CKAN_TOKEN_FILE": str(file)})
    assert stop.value.code == "token-file-open"
    for environ, code in (({}, "token-missing"), ({"KOKAI_CKAN_TOKEN": "two words"}, "token-form")):
        with pytest.raises(CatalogueError) as stop:
            find_token(CATALOGUE, environ)
        assert stop.value.code == code


@pytest.mark.parametrize(("line", "code"), [
    ("token: {secret}", "declaration-unknown-key"), ("token_env: {secret}", "declaration-wrong-value"),
    ("url_env: {secret}", "declaration-wrong-value"), ("token_env: \"{secret}", "declaration-yaml-syntax"),
])
def test_a_token_written_into_the_yaml_is_refused_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, code: str
) -> None:
    secret = "eyJ-canary-0123456789abcdef"
    shutil.copytree(Path(__file__).parents[1] / "datasets" / "352136_mine", tmp_path / "datasets" / "352136_mine")
    (tmp_path / "datasets" / "catalogues.yml").write_text(
        f"catalogues:\n  ckan:\n    kind: ckan\n    title: x\n    {line.format(secret=secret)}\n", encoding="utf-8")
    assert main(["plan", "--catalogue", "ckan", "--workspace", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert code in told.err and secret not in told.err + told.out


def test_a_token_never_shows_itself() -> None:
    token = Token("canary-0123456789", "test")
    assert "canary" not in f"{token} {token!r}" and "6789" in repr(token)
    assert token.hide("said canary-0123456789 back") == "said … back"


def test_a_multipart_body_is_as_long_as_it_says_and_can_be_sent_again(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * 700_001)
    body = Multipart({b"a": "値".encode()}, {"upload": Upload(file, "a.csv", "text/csv")})
    assert len(b"".join(body)) == len(body) == len(b"".join(body))
    read = b""
    while piece := body.read(8192):
        read += piece
    assert read == b"".join(body)


def test_the_doctor_sees_token_rights_and_licence_beforehand(tmp_path: Path) -> None:
    wanted = [want(make_package(tmp_path), BODY, CATALOGUE)]
    with fake_ckan() as (state, address):
        def bad(token: str, **more: Any) -> set[str]:
            checks = examine(Portal(address, Token(token, "t")), wanted, **{"may_create": True, "limit_bytes": 1 << 20, **more})
            return {c.code for c in checks if c.state == "bad"}

        assert bad(SYSADMIN) == set()
        assert bad(EDITOR, may_create=False) == {"rights"}
        assert bad(EDITOR) == set()  # some portals let users make organisations: a question for its operator
        assert bad("expired-token-000000") == {"token"}
        assert bad(SYSADMIN, limit_bytes=10) == {"size"}
        state.organizations[BODY.organization_id] = {"id": "o", "name": BODY.organization_id, "title": "x"}
        assert bad(EDITOR) == set()
        assert not state.writes


@pytest.mark.parametrize(("told", "code", "state"), [
    ((200, "text/csv; charset=utf-8"), "head", "ok"), ((200, "application/octet-stream"), "content-type", "careful"),
    ((200, ""), "content-type", "careful"), ((405, ""), "head", "careful"),
])
def test_the_doctor_asks_head_as_a_harvester_does_and_reads_the_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: tuple[int, str], code: str, state: str
) -> None:
    wanted = [want(make_package(tmp_path), BODY, replace(CATALOGUE, formats=("csv",)))]
    held = held_of(make_package(tmp_path / "again"))
    monkeypatch.setattr(Portal, "head", lambda self, url: told)
    monkeypatch.setattr(Portal, "show", lambda self, name: {**held, "resources": held["resources"][:1]})
    with fake_ckan() as (_, address):
        checks = examine(Portal(address, Token(SYSADMIN, "t")), wanted, may_create=True, limit_bytes=1 << 20)
    assert (checks[-1].code, checks[-1].state) == (code, state)


@pytest.mark.parametrize(("status", "page", "code", "words"), [
    (404, "<p>no</p>", "portal-not-ckan", "404"), (405, "<h1>x</h1>", "portal-not-ckan", "405"),
    (501, "Unsupported method", "portal-not-ckan", "501"),
    (200, "<style>p{}</style><script>var secret</script><p>ただいま<b>工事中</b>です</p><a href='", "portal-answer",
     "ただいま 工事中 です"),
])
def test_a_page_in_place_of_an_answer_is_said_in_words_without_marks(
    status: int, page: str, code: str, words: str
) -> None:
    with pytest.raises(CatalogueError) as stop:
        judge(status, "text/html", page, {}, "https://x.invalid")
    assert stop.value.code == code and words in stop.value.ja
    assert "<" not in stop.value.ja and "secret" not in stop.value.ja


def test_another_pc_publishes_the_zip_without_the_sections_files(tmp_path: Path) -> None:
    """The embedded catalogue of a workspace whose inbox stayed in the closed network."""
    root = Path(__file__).parents[1]
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    shutil.copytree(root / "datasets", inside / "datasets")
    shutil.copytree(root / "datasets", outside / "datasets", ignore=shutil.ignore_patterns("inbox"))
    zipped = tmp_path / "登録用.zip"
    assert main(["build", "352136_aed", "--workspace", str(inside), "--quiet"]) == 0
    assert main(["handover", "352136_aed", "-o", str(zipped), "--workspace", str(inside)]) == 0
    assert main(["publish", str(zipped), "--workspace", str(outside)]) == 0
    assert (outside / "var" / "catalogue" / "current" / "datasets" / "352136_aed" / "352136_aed.csv").exists()
    assert main(["publish", "352136_aed", "--workspace", str(outside)]) == 2  # without the zip the sources are asked for

"""The coordinate columns of a table to findings: missing, half, swapped, outside, coarse, repeated, far off."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from pipelines.geo.area import METRES_PER_DEGREE, Area
from pipelines.geo.misplaced import points_far, points_outside
from pipelines.geo.plane import is_plane, likely_plane, plane_words
from pipelines.geo.repeated import RepeatedPoints
from pipelines.model import FINDINGS, FIXES, ROW, Standard, Table, findings_frame, fixes_frame
from pipelines.values.text import DASHES_ONLY

JAPAN_LAT = (20.0, 46.0)  # the standard's own range, exclusive (Code for Japan, datamanager validator)
JAPAN_LON = (122.0, 154.0)
MIN_DECIMALS = 4  # 4 decimals are about 10 m
CUT_DECIMALS = 2  # the other axis has six: by chance four zeros end one value in ten thousand
CUT_ROWS = (10, 1_000)  # fewer rows do not tell how the file writes its points; in more, chance may bring such a value
_NUMBER = r"^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?$"
_NO_PLACE = r"^(?i)[+-]?(nan|inf(inity)?)$"  # numbers to a program, and so to the validator
_EXPONENT = "[eE]"  # of a number: how Excel shows it in a narrow column (3.41666E+01)
_ADDRESS_RULES = ("addr_full", "addr_old")
_ADDRESS_NAMES = ("所在地_連結表記", "住所")
_PLACE_CODE = "所在地_全国地方公共団体コード"
_BODY_CODES = (_PLACE_CODE, "全国地方公共団体コード", "都道府県コード又は市区町村コード")


def coordinate_pairs(standard: Standard, columns: Collection[str]) -> list[tuple[str, str]]:
    """The (latitude, longitude) headings of `standard` that both stand in `columns`, in official order."""
    lons = [f.name for f in standard.with_rule("lon")]
    pairs = []
    for i, lat in enumerate(f.name for f in standard.with_rule("lat")):
        twin = lat.replace("緯度", "経度")
        lon = twin if twin in lons and twin != lat else (lons[i] if i < len(lons) else "")
        if lat in columns and lon in columns:
            pairs.append((lat, lon))
    return pairs


def check_points(
    table: Table,
    standard: Standard,
    *,
    area: Area | None = None,
    accept: Collection[str] = (),
    town_points: pl.DataFrame | None = None,
    repeated: RepeatedPoints | None = None,
) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    """Check every pair of columns with the rules lat/lon (decimal degrees, JGD2011); values that are no
    numbers are left to the validator.

    `area`: the body's area; rows whose 所在地_全国地方公共団体コード names another body are not measured
    against it. `town_points`: columns row, lat, lon, error_m: where the row's address says it is.
    `accept`: rules of meaning that a person said yes to (swap-lat-lon, drop-coordinate-sign); their
    fixes are applied, others are proposed. `repeated`: takes the points of each block of a table that comes in
    several, and its `finish` tells of those at many addresses; without it they are told here. Returns the table,
    findings and fixes.
    Sources: GIF 444 (decimal degrees, 6 decimals, JGD2011); ranges of the Code for Japan checker.
    """
    findings: list[pl.DataFrame] = []
    fixes: list[pl.DataFrame] = []
    frame = table.frame
    same = RepeatedPoints() if repeated is None else repeated
    address = _address(table, standard)
    for lat, lon in coordinate_pairs(standard, table.columns):
        pair = _Pair(frame, lat, lon)
        findings += pair.gaps()
        if pair.empty:
            continue
        findings += pair.planes(area, town_points)
        found, proposed, frame = pair.axes(frame, accept)
        findings += found
        fixes += proposed
        findings += pair.coarse()
        if address is not None:
            pair.repeat(same, address)
        if area is not None:
            findings += points_outside(pair.frame, (lat, lon), area, town_points)
        if town_points is not None and town_points.height:
            findings += points_far(pair.frame, (lat, lon), area, town_points)
    if repeated is None:
        findings.append(same.finish())
    return Table(frame), _stack(findings, findings_frame()), _stack(fixes, fixes_frame())


def _stack(frames: list[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([empty, *frames]).sort(ROW if ROW in empty.columns else "row", nulls_last=False,
                                            maintain_order=True)


def _address(table: Table, standard: Standard) -> str | None:
    named = [f.name for rule in _ADDRESS_RULES for f in standard.with_rule(rule)] + list(_ADDRESS_NAMES)
    return next((n for n in named if n in table.columns), None)


def _found(frame: pl.DataFrame, code: str, field: str | pl.Expr, value: str, *,
           params: pl.Expr | None = None, remedy: pl.Expr | None = None) -> pl.DataFrame:
    """Rows of `frame` as findings; `params` is a struct expression that becomes JSON."""
    if not frame.height:
        return findings_frame()
    found = frame.select(
        code=pl.lit(code),
        row=pl.col(ROW),
        field=pl.lit(field) if isinstance(field, str) else field,
        value=pl.col(value),
        params=pl.lit("{}") if params is None else params.struct.json_encode(),
        remedy=pl.lit(None, dtype=pl.String) if remedy is None else remedy,
    )
    return found if found.schema == FINDINGS else found.cast(pl.Schema(FINDINGS))


class _Pair:
    """One latitude column and one longitude column: text `a`, `o`, numbers `lat`, `lon` (null = no number)."""

    def __init__(self, frame: pl.DataFrame, lat: str, lon: str) -> None:
        self.lat, self.lon = lat, lon
        text = frame.select(
            ROW, a=_said(lat), o=_said(lon),
            place=pl.col(_PLACE_CODE) if _PLACE_CODE in frame.columns else pl.lit(None, dtype=pl.String),
        )
        number = [pl.when(pl.col(c).str.contains(_NUMBER)).then(pl.col(c).str.strip_chars_start("+"))
                  .cast(pl.Float64, strict=False).alias(n) for c, n in (("a", "lat"), ("o", "lon"))]
        self.frame = text.with_columns(number)
        self.source = frame
        self.empty = bool(text["a"].is_null().all() and text["o"].is_null().all())

    def gaps(self) -> list[pl.DataFrame]:
        a, o = pl.col("a").is_null(), pl.col("o").is_null()
        if self.empty:
            if not self.frame.height:
                return []
            whole = self.frame.head(1).with_columns(pl.lit(None, dtype=pl.Int64).alias(ROW), n=self.frame.height)
            return [_found(whole, "coordinate-column-empty", self.lat, "a", params=pl.struct(rows="n"))]
        return [
            _found(self.frame.filter(a & o), "coordinate-missing", self.lat, "a"),
            _found(self.frame.filter(a & ~o), "coordinate-half", self.lat, "a",
                   params=pl.struct(other=pl.lit(self.lon), other_value="o")),
            _found(self.frame.filter(o & ~a), "coordinate-half", self.lon, "o",
                   params=pl.struct(other=pl.lit(self.lat), other_value="a")),
            *self._unread(),
        ]

    def _unread(self) -> list[pl.DataFrame]:
        """One of the two is no number, so that the other one is of no use, whatever was made of it; NaN and inf are no place."""
        found = [_found(self.frame.filter(pl.col(cell).str.contains(_NO_PLACE)), "coordinate-outside-japan", name, cell)
                 for cell, name in (("a", self.lat), ("o", self.lon))]
        for read, cell, other, other_cell, name, of in (
                ("lat", "a", "lon", "o", self.lat, self.lon), ("lon", "o", "lat", "a", self.lon, self.lat)):
            rows = self.frame.filter(pl.col(read).is_null() & pl.col(cell).is_not_null() & pl.col(other).is_not_null())
            found.append(_found(rows, "coordinate-pair-unread", name, cell,
                                params=pl.struct(other=pl.lit(of), other_value=other_cell)))
        return found

    def planes(self, area: Area | None, town_points: pl.DataFrame | None) -> list[pl.DataFrame]:
        """Metres where degrees should stand: the likely plane rectangular system, and what to write in the declaration."""
        rows = self.frame.filter(is_plane(pl.col("lat"), pl.col("lon")) & ~self._point_lost())
        if not rows.height:
            return []
        column = next((c for c in _BODY_CODES if c in self.source.columns), None)
        codes = self.source[column] if column else pl.Series([], dtype=pl.String)
        likely = likely_plane(rows.select("lat", "lon", row=pl.col(ROW)), codes, area, town_points)
        self.frame = self.frame.with_columns(pl.when(~pl.col(ROW).is_in(rows[ROW].implode())).then(pl.col(c)).alias(c)
                                             for c in ("lat", "lon"))
        words = plane_words(likely, self.lat, self.lon)
        return [_found(rows, "coordinate-plane", self.lat, "a", params=pl.struct(
            pl.col("o").alias("other_value"), *(pl.lit(v).alias(k) for k, v in words.items())))]

    def axes(self, frame: pl.DataFrame, accept: Collection[str]) -> tuple[
            list[pl.DataFrame], list[pl.DataFrame], pl.DataFrame]:
        """Zero, swapped, sign, lost decimal point, outside Japan: each row gets the first that fits.

        Afterwards `lat`/`lon` hold what the row most likely means, so that later checks do not repeat it.
        """
        lat, lon = pl.col("lat"), pl.col("lon")
        in_lat, in_lon = _between(lat, JAPAN_LAT), _between(lon, JAPAN_LON)
        both = lat.is_not_null() & lon.is_not_null()
        kind = (
            pl.when(~both).then(None)
            .when(in_lat & in_lon).then(pl.lit("fine"))
            .when((lat == 0) | (lon == 0)).then(pl.lit("zero"))
            .when(_between(lat, JAPAN_LON) & _between(lon, JAPAN_LAT)).then(pl.lit("swapped"))
            .when(_between(lat.abs(), JAPAN_LAT) & _between(lon.abs(), JAPAN_LON)).then(pl.lit("sign"))
            .when(self._point_lost()).then(pl.lit("point-lost"))
            .otherwise(pl.lit("outside"))
        )
        self.frame = self.frame.with_columns(kind=kind, in_lat=in_lat, in_lon=in_lon)
        part = {str(k[0]): v for k, v in self.frame.partition_by("kind", as_dict=True).items()}
        found: list[pl.DataFrame] = []
        fixes: list[pl.DataFrame] = []
        if (zero := part.get("zero")) is not None:
            at = pl.when(pl.col("lat") == 0).then(pl.lit(self.lat)).otherwise(pl.lit(self.lon))
            found.append(_found(zero, "coordinate-zero", at, "a"))
        if (swapped := part.get("swapped")) is not None:
            found.append(_found(swapped, "coordinate-swapped", self.lat, "a", remedy=pl.col("o"),
                                params=pl.struct(other=pl.lit(self.lon))))
            found.append(_found(swapped, "coordinate-swapped", self.lon, "o", remedy=pl.col("a"),
                                params=pl.struct(other=pl.lit(self.lat))))
            frame = self._change(frame, swapped.select(ROW, "a", "o", a2="o", o2="a"), "swap-lat-lon", accept, fixes)
        if (sign := part.get("sign")) is not None:
            bare = sign.select(ROW, "a", "o", a2=pl.col("a").str.strip_chars_start("+-"),
                               o2=pl.col("o").str.strip_chars_start("+-"))
            for c, c2, name in (("a", "a2", self.lat), ("o", "o2", self.lon)):
                wrong = bare.filter(pl.col(c).str.starts_with("-"))
                found.append(_found(wrong, "coordinate-sign", name, c, remedy=pl.col(c2)))
            frame = self._change(frame, bare, "drop-coordinate-sign", accept, fixes)
        if (lost := part.get("point-lost")) is not None:
            for c, name, inside, digits in (("a", self.lat, "in_lat", 2), ("o", self.lon, "in_lon", 3)):
                wrong = lost.filter(~pl.col(inside))
                found.append(_found(wrong, "coordinate-point-lost", name, c, remedy=_with_point(c, digits)))
        if (outside := part.get("outside")) is not None:
            at = pl.when(pl.col("in_lat")).then(pl.lit(self.lon)).otherwise(pl.lit(self.lat))
            shown = outside.with_columns(shown=pl.when("in_lat").then("o").otherwise("a"))
            found.append(_found(shown, "coordinate-outside-japan", at, "shown"))
        swap, sane = pl.col("kind") == "swapped", pl.col("kind").is_in(["fine", "swapped", "sign"])
        self.frame = self.frame.with_columns(
            lat=pl.when(sane).then(pl.when(swap).then(lon).otherwise(lat).abs()),
            lon=pl.when(sane).then(pl.when(swap).then(lat).otherwise(lon).abs()),
        )
        return found, fixes, frame

    def _point_lost(self) -> pl.Expr:
        """A decimal point that is gone or stands elsewhere (34166600, 343.208813), where the digits fit Japan.

        Fewer than 8 digits without a point may be degrees, minutes and seconds: not told.
        """
        ok = []
        for c, n, digits, bounds in (("a", "lat", 2, JAPAN_LAT), ("o", "lon", 3, JAPAN_LON)):
            text = pl.col(c).str.contains(r"^([0-9]{8,}|[0-9]{1,4}\.[0-9]{4,})$")
            moved = _between(_with_point(c, digits).cast(pl.Float64, strict=False), bounds)
            ok.append(_between(pl.col(n), bounds) | (text & moved))
        return ok[0] & ok[1]

    def _change(self, frame: pl.DataFrame, wanted: pl.DataFrame, rule: str, accept: Collection[str],
                fixes: list[pl.DataFrame]) -> pl.DataFrame:
        """Fixes for the rows of `wanted` (a, o before; a2, o2 after), applied when the rule was accepted."""
        applied = rule in accept
        for before, after, name in (("a", "a2", self.lat), ("o", "o2", self.lon)):
            changed = wanted.filter(pl.col(before) != pl.col(after))
            fixes.append(changed.select(
                row=pl.col(ROW), field=pl.lit(name), before=pl.col(before), after=pl.col(after),
                rule=pl.lit(rule), applied=pl.lit(applied)).cast(pl.Schema(FIXES)))
        if not applied:
            return frame
        joined = frame.join(wanted.select(ROW, "a2", "o2"), on=ROW, how="left", maintain_order="left")
        return joined.with_columns(
            pl.coalesce("a2", self.lat).alias(self.lat), pl.coalesce("o2", self.lon).alias(self.lon),
        ).drop("a2", "o2")

    def coarse(self) -> list[pl.DataFrame]:
        decimals = [pl.col(c).str.extract(r"\.([0-9]*)$").str.len_chars().fill_null(0) for c in ("a", "o")]
        plain = pl.col("lat").is_not_null() & ~pl.col("a").str.contains(_EXPONENT) & ~pl.col("o").str.contains(_EXPONENT)
        few = self.frame.filter(plain).with_columns(n=pl.max_horizontal(decimals)).filter(
            pl.col("n") < MIN_DECIMALS)
        metres = (pl.lit(METRES_PER_DEGREE) / pl.lit(10.0).pow(pl.col("n"))).round(0).cast(pl.Int64)
        found = [_found(few, "coordinate-few-decimals", self.lat, "a", params=pl.struct(decimals="n", metres=metres))]
        if self.frame.height < CUT_ROWS[0]:
            return found
        most = CUT_DECIMALS if self.frame.height < CUT_ROWS[1] else CUT_DECIMALS - 1
        own_lat, own_lon = decimals
        for own, other, name, shown in ((own_lat, own_lon, self.lat, "a"), (own_lon, own_lat, self.lon, "o")):
            wrong = plain & (other >= MIN_DECIMALS) & (own <= most)
            cut = self.frame.filter(wrong).with_columns(n=own)
            found.append(_found(cut, "coordinate-few-decimals", name, shown,
                                params=pl.struct(decimals="n", metres=metres)))
        return found

    def repeat(self, same: RepeatedPoints, address: str) -> None:
        """Hand the points that are numbers to the collector of repeated ones."""
        known = self.frame["lat"].is_not_null()
        same.add(self.lat, self.frame.filter(known), self.source[address].filter(known))


def _said(column: str) -> pl.Expr:
    """The cell, blank where it is nothing but dashes."""
    return pl.when(~pl.col(column).str.contains(DASHES_ONLY)).then(pl.col(column))


def _between(value: pl.Expr, bounds: tuple[float, float]) -> pl.Expr:
    return ((value > bounds[0]) & (value < bounds[1])).fill_null(False)


def _with_point(column: str, digits: int) -> pl.Expr:
    bare = pl.col(column).str.replace(".", "", literal=True)
    return bare.str.slice(0, digits) + pl.lit(".") + bare.str.slice(digits)

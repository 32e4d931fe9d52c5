"""The datum grid in the text form in which 国土地理院 shipped it (TKY2JGD.par) to the NTv2 file that PROJ reads.

A line of the text is a 三次メッシュ code and the shifts of its south-west corner in seconds of latitude and longitude.
Each 一次メッシュ with values becomes a sub-grid of 81 x 81 nodes; a node that the text lacks is NaN, so that PROJ gives no
answer in a cell that touches it, and not a part of the shift.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import SourceError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_STEP = 80  # 三次メッシュ along one side of a 一次メッシュ
_LAT_S, _LON_S = 30, 45  # size of a 三次メッシュ in seconds
_HEAD = 4_000


def is_par(path: Path) -> bool:
    """True for the text form of the grid, told by its first lines."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return path.suffix.lower() == ".par" and b"meshcode" in head.lower() and b"db" in head.lower()


def ntv2_of_par(path: Path) -> bytes:
    """The NTv2 file (Tokyo datum to JGD2000, seconds) of a TKY2JGD.par.

    SourceError `grid-unreadable` when it holds no lines of mesh code and two shifts.
    """
    import numpy as np

    lines = path.read_bytes().decode("ascii", "replace").splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip().lower().startswith("meshcode")), len(lines))
    numbers = "\n".join(lines[first + 1:]).strip()
    try:
        rows = np.loadtxt(io.StringIO(numbers), ndmin=2) if numbers else np.zeros((0, 3))
    except ValueError:
        rows = np.zeros((0, 3))
    code = rows[:, 0].astype(np.int64) if rows.shape[1:] == (3,) else np.zeros(0, np.int64)
    if not len(code) or code.min() < 10_000_000 or code.max() > 99_999_999:
        raise SourceError("grid-unreadable", "変換格子の行を読めません。", "The grid's lines cannot be read.",
                          todo_ja="国土地理院の TKY2JGD.par を、書き換えずに指定してください。",
                          todo_en="Give TKY2JGD.par of 国土地理院 as it is.", where=path.name)
    north = code // 1_000_000 * _STEP + code // 1_000 % 10 * 10 + code // 10 % 10
    east = code // 10_000 % 100 * _STEP + code // 100 % 10 * 10 + code % 10
    low_n, low_e = int(north.min()) // _STEP * _STEP, int(east.min()) // _STEP * _STEP
    shape = (int(north.max()) - low_n + _STEP + 1, int(east.max()) - low_e + _STEP + 1, 2)
    nodes = np.full(shape, np.nan, np.float32)
    nodes[north - low_n, east - low_e] = rows[:, 1:3]
    meshes = np.unique(code // 10_000)
    return b"".join([_file_head(len(meshes)), *(_sub_grid(int(m), nodes, low_n, low_e) for m in meshes),
                     _field("END", struct.pack("<d", 0.0))])


def _field(name: str, value: bytes) -> bytes:
    return name.ljust(8).encode() + value


def _number(name: str, value: int) -> bytes:
    return _field(name, struct.pack("<ii", value, 0))


def _real(name: str, value: float) -> bytes:
    return _field(name, struct.pack("<d", value))


def _word(name: str, value: str) -> bytes:
    return _field(name, value.ljust(8)[:8].encode())


def _file_head(grids: int) -> bytes:
    bessel, grs80 = (6377397.155, 6356078.963), (6378137.0, 6356752.314)
    return b"".join([
        _number("NUM_OREC", 11), _number("NUM_SREC", 11), _number("NUM_FILE", grids), _word("GS_TYPE", "SECONDS"),
        _word("VERSION", "TKY2JGD"), _word("SYSTEM_F", "TOKYO"), _word("SYSTEM_T", "JGD2000"),
        _real("MAJOR_F", bessel[0]), _real("MINOR_F", bessel[1]), _real("MAJOR_T", grs80[0]), _real("MINOR_T", grs80[1])])


def _sub_grid(mesh: int, nodes: Floats, low_n: int, low_e: int) -> bytes:
    """One 一次メッシュ; NTv2 counts longitudes to the west, and its nodes from the south-east corner to the west."""
    import numpy as np

    north, east = mesh // 100 * _STEP, mesh % 100 * _STEP
    part = nodes[north - low_n:north - low_n + _STEP + 1, east - low_e:east - low_e + _STEP + 1]
    south_s, west_s = north * _LAT_S, (100 * 3600) + east * _LON_S
    head = b"".join([
        _word("SUB_NAME", f"M{mesh}"), _word("PARENT", "NONE"), _word("CREATED", ""), _word("UPDATED", ""),
        _real("S_LAT", south_s), _real("N_LAT", south_s + _STEP * _LAT_S),
        _real("E_LONG", -(west_s + _STEP * _LON_S)), _real("W_LONG", -west_s),
        _real("LAT_INC", _LAT_S), _real("LONG_INC", _LON_S), _number("GS_COUNT", (_STEP + 1) ** 2)])
    filled = np.zeros((_STEP + 1, _STEP + 1, 4), "<f4")
    filled[..., 0], filled[..., 1] = part[:, ::-1, 0], -part[:, ::-1, 1]
    return head + filled.tobytes()

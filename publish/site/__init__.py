"""From packages to the embedded catalogue: a release folder that any web server can serve and any CKAN can harvest."""

from __future__ import annotations

from publish.site.publish import publish_release
from publish.site.release import Release, current_release, read_state, released_files

__all__ = ["Release", "current_release", "publish_release", "read_state", "released_files"]

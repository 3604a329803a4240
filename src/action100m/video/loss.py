"""When something went wrong in a file, and how often: two times and a count, however long the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Spell:
    """Counts what happens between a first and a last time stamp, in seconds."""

    count: int = 0
    earliest: float = 0.0
    latest: float = 0.0

    def add(self, stamp: float) -> None:
        """Count one more."""
        self.earliest = min(self.earliest, stamp) if self.count else stamp
        self.latest = max(self.latest, stamp) if self.count else stamp
        self.count += 1

    def describe(self, template: str, *, first: float, total: int) -> tuple[str, ...]:
        """Fill a template with {count}, {total} and {when}, in seconds from the time stamp `first`; nothing when nothing was counted."""
        if not self.count:
            return ()
        start, end = max(0.0, self.earliest - first), max(0.0, self.latest - first)
        when = f"at {start:.2f} s" if self.count == 1 else f"between {start:.2f} s and {end:.2f} s"
        return (template.format(count=self.count, total=total, when=when),)

"""What a rule reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """A resource (or `Parameters`, `Conditions`, `Outputs`) that breaks a rule."""

    resource: str
    text: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.text}"

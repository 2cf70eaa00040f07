"""Tests of the tooling and of the template's own rules; they start no emulator."""

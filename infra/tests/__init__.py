"""Tests of the tooling, the template and the supply chain; some start a temporary stack."""

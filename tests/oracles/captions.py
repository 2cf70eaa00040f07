"""Converts a subtitle file (SCC or TTML) to WebVTT with ttconv, and prints it."""

import sys
import xml.etree.ElementTree
from pathlib import Path

import ttconv.imsc.reader
import ttconv.scc.reader
import ttconv.vtt.writer

file = Path(sys.argv[1])
if file.suffix == ".scc":
    model = ttconv.scc.reader.to_model(file.read_text())
else:
    model = ttconv.imsc.reader.to_model(xml.etree.ElementTree.parse(file))
print(ttconv.vtt.writer.from_model(model))

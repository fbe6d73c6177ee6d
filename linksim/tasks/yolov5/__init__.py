"""The YOLOv5 detector (v6/v7 network): network, decoding, non-maximum suppression, import of official weights."""

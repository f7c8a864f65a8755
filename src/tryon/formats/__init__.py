"""DeepFashion2, COCO, VIA, ledger and decisions: files to values and back without loss."""

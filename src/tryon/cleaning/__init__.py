"""Cleaning of collected pictures: what is measured, which limits refuse a picture, and how sure that is.

Nothing is deleted. `cleaning.csv` has a verdict for each kept picture of the ledger; `labels.csv` lists those that
passed. Mask R-CNN is handed in as a function, so that nothing here imports Keras.
"""

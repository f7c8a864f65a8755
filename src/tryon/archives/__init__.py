"""DeepFashion2's published archives, read without unpacking them: what passes the filters becomes a folder of pictures.

An archive is a stranger's file. Its directory is checked whole before a byte is written; a member is written only under
a name that this package makes itself, up to the size that the directory declares, and only if its checksum is right.
"""

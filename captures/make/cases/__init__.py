"""The golden cases, one file each: `make(folder, device)` writes the case's captures into a folder.

The folder `captures/<case>` has dashes where the module's name has underscores. What the phone sends is taken from the
case's device.yaml, so that no value stands twice.
"""

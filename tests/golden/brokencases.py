"""The list of broken files, to which those who break them add.

A change takes a File and changes it; what it returns, if anything, is the file. `sealed` ones are
made to agree with their checksums afterwards. `base` is the golden capture that is broken.
"""
import collections

Case = collections.namedtuple("Case", "name status words base sealed change")
Folder = collections.namedtuple("Folder", "name status words change")

CASES, FOLDERS = [], []


def broken(name, status, words, sealed=True, base="plain"):
    """Notes a case: the function below the decorator breaks the file."""
    def note(change):
        CASES.append(Case(name, status, words, base, sealed, change))
        return change
    return note


def broken_folder(name, status, words):
    """Notes a case that takes the segments of a capture and returns {name: bytes}."""
    def note(change):
        FOLDERS.append(Folder(name, status, words, change))
        return change
    return note

"""`python -m leaktap.schemas`: writes the schemas anew from `leaktap.records`."""

from leaktap.schemas import write

if __name__ == "__main__":
    write()

"""One file per format. Each defines `DECODER`; `_api` is the contract, `_walk` the one recursion over all of them."""

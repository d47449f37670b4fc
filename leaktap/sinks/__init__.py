"""One file per output, each with `SINK`; `_api` is the contract, `_record` the one way from a record to its fields."""

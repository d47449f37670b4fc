"""Makes the golden cases: an app's session is described once and written as packets, as a HAR and as mitmproxy flows.

`python -m captures.make [CASE...]` rewrites the captures of the cases named, or of all. Everything in them is invented.
"""

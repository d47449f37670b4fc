"""leaktap inside mitmproxy: the same rooms as offline, with exchanges that come from flows as they happen."""

"""A script for mitmproxy: at its end the session takes the time that it needs, however busy the machine is."""

from leaktap.addon import live

live._DRAIN = 240.0

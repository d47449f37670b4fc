"""The access point of a lab: what hostapd, dnsmasq and nftables are to be told, and the commands around them, as text.

Nothing is read or written here, so that whatever is planned can be looked at before anything is done.
"""

from leaktap.ap import dnsmasq, hostapd, nftables, scripts
from leaktap.ap._plan import Plan, PlanError, Taken, plan

__all__ = ["MARK", "Plan", "PlanError", "Taken", "files", "plan"]

MARK = "Written by leaktap ap plan"
"""Stands in each file: what has it may be written anew."""


def files(about: Plan) -> dict[str, str]:
    """Returns the files of a plan by name; those that end in .sh are to be run."""
    made = {"hostapd.conf": hostapd.text(about)} if about.ssid else {}
    made |= {"dnsmasq.conf": dnsmasq.text(about), "leaktap.nft": nftables.text(about)}
    made |= {"start.sh": scripts.start(about), "live.sh": scripts.live(about), "stop.sh": scripts.stop(about)}
    return made

"""The commands, as POSIX shell: start, the session, stop. Each may be run again; stop undoes what start has noted.

Forwarding is turned on for the two interfaces alone: the switch for all would reset those of others. Start notes each
value before it changes it, in a folder that a restart of the machine empties together with what it is about.
"""

import shlex

from leaktap.ap._plan import Plan

_START = """#!/bin/sh
# Written by leaktap ap plan: starts the access point. Run as root; run again, it does what is still missing.
# stop.sh undoes it.
set -eu
iface={iface} uplink={uplink} gateway={gateway}/{prefix} state={state}
here=$(cd "$(dirname "$0")" && pwd)
owner=${{SUDO_USER:-root}}

fail() {{ echo "start.sh: $1" >&2; exit 1; }}
alive() {{ [ -s "$state/$1.pid" ] && [ "$(cat "/proc/$(cat "$state/$1.pid")/comm" 2>/dev/null)" = "$1" ]; }}
# Notes a kernel setting, unless it is noted already, and changes it.
set_kernel() {{
    [ -e "/proc/sys/$1" ] || return 0
    [ -e "$state/$2" ] || cat "/proc/sys/$1" >"$state/$2"
    echo "$3" >"/proc/sys/$1"
}}

[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
for program in {programs}; do
    command -v "$program" >/dev/null || fail "$program is not installed"
done
for each in "$iface" "$uplink"; do
    ip link show dev "$each" >/dev/null 2>&1 || fail "there is no interface $each: ip link shows them"
done
mkdir -p "$state"
trap '[ $? = 0 ] || echo "start.sh: sudo $here/stop.sh undoes what was done until now" >&2' EXIT

# The rules come first: nothing of a phone passes beside them.
nft -f "$here/leaktap.nft"
{manager}
set_kernel "net/ipv6/conf/$iface/disable_ipv6" ipv6 1
if [ -z "$(ip -4 address show dev "$iface" to "${{gateway%/*}}")" ]; then
    ip address add "$gateway" dev "$iface"
    touch "$state/address"
fi
if [ -z "$(ip link show dev "$iface" up)" ]; then
    ip link set dev "$iface" up
    touch "$state/down"
fi
set_kernel "net/ipv4/conf/$iface/forwarding" forwarding-iface 1
set_kernel "net/ipv4/conf/$uplink/forwarding" forwarding-uplink 1
{radio}
# The capture begins before phones are given addresses.
if ! alive tcpdump; then
    capture="$here/capture-$(date -u +%Y%m%dT%H%M%SZ).pcap"
    (umask 077; trap '' HUP; exec tcpdump -i "$iface" -U -s 0 -Z "$owner" -w "$capture" >"$state/tcpdump.log" 2>&1) &
    echo $! >"$state/tcpdump.pid"
    for again in 1 2 3 4 5 6 7 8 9 10; do
        if grep -q listening "$state/tcpdump.log" 2>/dev/null; then break; fi
        sleep 0.3
    done
    alive tcpdump || fail "tcpdump: $(tail -n 1 "$state/tcpdump.log")"
    echo "captured in $capture"
fi

for file in dnsmasq.leases dns.log; do
    [ -e "$here/$file" ] || {{ touch "$here/$file"; chown "$owner" "$here/$file"; chmod 644 "$here/$file"; }}
done
alive dnsmasq || dnsmasq --conf-file="$here/dnsmasq.conf" --pid-file="$state/dnsmasq.pid" \\
    --dhcp-leasefile="$here/dnsmasq.leases" --log-facility="$here/dns.log"
echo "the access point runs; next, without root: $here/live.sh --case case.yaml -o results.jsonl"
"""

_MANAGER = """
# NetworkManager would take the interface away from hostapd.
if command -v nmcli >/dev/null && nmcli -g GENERAL.STATE device show "$iface" 2>/dev/null | grep -qv unmanaged; then
    nmcli device set "$iface" managed no && touch "$state/managed"
fi
"""

_RADIO = """
alive hostapd || hostapd -B -P "$state/hostapd.pid" "$here/hostapd.conf" >"$state/hostapd.log" ||
    fail "hostapd: $(tail -n 1 "$state/hostapd.log") (all of it: $state/hostapd.log; rfkill list, iw list)"
"""

_LIVE = """#!/bin/sh
# Written by leaktap ap plan: leaktap live as this access point needs it, with the keys kept beside the capture.
# Takes the options of leaktap live; what stands behind -- is mitmproxy's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
umask 077
export MITMPROXY_SSLKEYLOGFILE="$here/keys.txt"
case " $* " in
*" -- "*) ;;
*) set -- "$@" -- ;;
esac
exec {leaktap} live "$@" \\
    --mode transparent@{gateway}:{port} --mode regular@{gateway}:{page_port}
"""

_STOP = """#!/bin/sh
# Written by leaktap ap plan: stops the access point and undoes what start.sh did, and no more. Run as root.
set -eu
iface={iface} uplink={uplink} gateway={gateway}/{prefix} state={state}

[ "$(id -u)" = 0 ] || {{ echo "stop.sh: needs root: sudo $0" >&2; exit 1; }}
[ -d "$state" ] || {{ echo "stop.sh: the access point does not run"; exit 0; }}
# Ends a program that start.sh started, and waits until it is gone.
end() {{
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 0
    for again in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || break
        kill "$pid" 2>/dev/null || true
        sleep 0.2
    done
}}
# Gives a kernel setting the value that it had.
restore() {{
    [ ! -e "$state/$2" ] || [ ! -e "/proc/sys/$1" ] || cat "$state/$2" >"/proc/sys/$1"
}}

end hostapd
end dnsmasq
restore "net/ipv4/conf/$iface/forwarding" forwarding-iface
restore "net/ipv4/conf/$uplink/forwarding" forwarding-uplink
end tcpdump
if [ -e "$state/address" ]; then ip address delete "$gateway" dev "$iface" 2>/dev/null || true; fi
if [ -e "$state/down" ]; then ip link set dev "$iface" down 2>/dev/null || true; fi
restore "net/ipv6/conf/$iface/disable_ipv6" ipv6
if nft list table inet {table} >/dev/null 2>&1; then nft delete table inet {table}; fi
if [ -e "$state/managed" ]; then nmcli device set "$iface" managed yes || true; fi
rm -rf "$state"
echo "the access point is stopped; all is as before"
"""


def start(about: Plan) -> str:
    """Returns start.sh."""
    radio = bool(about.ssid)
    programs = "ip nft dnsmasq tcpdump" + (" hostapd" if radio else "")
    return _START.format(
        **_names(about), programs=programs, manager=_MANAGER if radio else "", radio=_RADIO if radio else ""
    )


def live(about: Plan) -> str:
    """Returns live.sh."""
    return _LIVE.format(**_names(about))


def stop(about: Plan) -> str:
    """Returns stop.sh."""
    return _STOP.format(**_names(about))


def _names(about: Plan) -> dict[str, object]:
    return {
        "iface": about.iface,
        "uplink": about.uplink,
        "gateway": about.gateway,
        "prefix": about.subnet.prefixlen,
        "state": about.state,
        "table": about.table,
        "port": about.port,
        "page_port": about.page_port,
        "leaktap": shlex.quote(about.leaktap),
    }

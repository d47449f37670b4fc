#!/bin/sh
# Written by leaktap ap plan: starts the access point. Run as root; run again, it does what is still missing.
# stop.sh undoes it.
set -eu
iface=eth1 uplink=eth0 gateway=192.168.77.1/28 state=/run/leaktap-ap-eth1
here=$(cd "$(dirname "$0")" && pwd)
owner=${SUDO_USER:-root}

fail() { echo "start.sh: $1" >&2; exit 1; }
alive() { [ -s "$state/$1.pid" ] && [ "$(cat "/proc/$(cat "$state/$1.pid")/comm" 2>/dev/null)" = "$1" ]; }
# Notes a kernel setting, unless it is noted already, and changes it.
set_kernel() {
    [ -e "/proc/sys/$1" ] || return 0
    [ -e "$state/$2" ] || cat "/proc/sys/$1" >"$state/$2"
    echo "$3" >"/proc/sys/$1"
}

[ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
for program in ip nft dnsmasq tcpdump; do
    command -v "$program" >/dev/null || fail "$program is not installed"
done
for each in "$iface" "$uplink"; do
    ip link show dev "$each" >/dev/null 2>&1 || fail "there is no interface $each: ip link shows them"
done
mkdir -p "$state"
trap '[ $? = 0 ] || echo "start.sh: sudo $here/stop.sh undoes what was done until now" >&2' EXIT

# The rules come first: nothing of a phone passes beside them.
nft -f "$here/leaktap.nft"

set_kernel "net/ipv6/conf/$iface/disable_ipv6" ipv6 1
if [ -z "$(ip -4 address show dev "$iface" to "${gateway%/*}")" ]; then
    ip address add "$gateway" dev "$iface"
    touch "$state/address"
fi
if [ -z "$(ip link show dev "$iface" up)" ]; then
    ip link set dev "$iface" up
    touch "$state/down"
fi
set_kernel "net/ipv4/conf/$iface/forwarding" forwarding-iface 1
set_kernel "net/ipv4/conf/$uplink/forwarding" forwarding-uplink 1

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
    [ -e "$here/$file" ] || { touch "$here/$file"; chown "$owner" "$here/$file"; chmod 644 "$here/$file"; }
done
alive dnsmasq || dnsmasq --conf-file="$here/dnsmasq.conf" --pid-file="$state/dnsmasq.pid" \
    --dhcp-leasefile="$here/dnsmasq.leases" --log-facility="$here/dns.log"
echo "the access point runs; next, without root: $here/live.sh --case case.yaml -o results.jsonl"

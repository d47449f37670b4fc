#!/bin/sh
# Written by leaktap ap plan: stops the access point and undoes what start.sh did, and no more. Run as root.
set -eu
iface=wlan0 uplink=eth0 gateway=10.42.7.1/24 state=/run/leaktap-ap-wlan0

[ "$(id -u)" = 0 ] || { echo "stop.sh: needs root: sudo $0" >&2; exit 1; }
[ -d "$state" ] || { echo "stop.sh: the access point does not run"; exit 0; }
# Ends a program that start.sh started, and waits until it is gone.
end() {
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 0
    for again in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || break
        kill "$pid" 2>/dev/null || true
        sleep 0.2
    done
}
# Gives a kernel setting the value that it had.
restore() {
    [ ! -e "$state/$2" ] || [ ! -e "/proc/sys/$1" ] || cat "$state/$2" >"/proc/sys/$1"
}

end hostapd
end dnsmasq
restore "net/ipv4/conf/$iface/forwarding" forwarding-iface
restore "net/ipv4/conf/$uplink/forwarding" forwarding-uplink
end tcpdump
if [ -e "$state/address" ]; then ip address delete "$gateway" dev "$iface" 2>/dev/null || true; fi
if [ -e "$state/down" ]; then ip link set dev "$iface" down 2>/dev/null || true; fi
restore "net/ipv6/conf/$iface/disable_ipv6" ipv6
if nft list table inet leaktap_wlan0 >/dev/null 2>&1; then nft delete table inet leaktap_wlan0; fi
if [ -e "$state/managed" ]; then nmcli device set "$iface" managed yes || true; fi
rm -rf "$state"
echo "the access point is stopped; all is as before"

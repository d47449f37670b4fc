#!/bin/sh
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
exec leaktap live "$@" \
    --mode transparent@10.42.7.1:8080 --mode regular@10.42.7.1:8079

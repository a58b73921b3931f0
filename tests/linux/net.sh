# Gets an address by DHCP and FILE by HTTP from port PORT of the host's loopback.
set -e
ip link set lo up
udhcpc -i eth0 -n -q -f -s /etc/dhcp
ping -c 1 -W 5 10.0.2.2 >/dev/null && echo "NET-PING" || echo "NET-NO-PING"
wget -q -O /tmp/got "http://10.0.2.2:${PORT:-8000}/${FILE:-index.html}"
echo "NET-GOT $(wc -c </tmp/got) $(md5sum </tmp/got)"
if [ -n "$NAME" ]; then nslookup "$NAME" && echo "NET-NAME $NAME"; fi

# For a test that kills the machine at any moment.  Looks at the records that earlier boots
# wrote, then writes more for ever.  "KEPT n": records 1 to n are there and whole.
# "FLUSHED n": record n was written and flushed to the disk before this line.
# A disk that is empty (zeros) gets a file system.
disk=${DISK:-/dev/vda}
record() { echo "record $1"; seq "$1" $(($1 + 500)); }
if [ "$(head -c 65536 "$disk" | tr -d '\0' | wc -c)" = 0 ]; then
    mkfs.ext4 -q -F -E lazy_itable_init=0 "$disk" || exit 1
fi
# Replays the journal as the kernel would; status 1: it has mended something, as after any crash.
e2fsck -p "$disk"
[ $? -le 1 ] || { echo "DISK-BROKEN"; exit 1; }
e2fsck -f -n "$disk" >/tmp/e2fsck 2>&1 || { cat /tmp/e2fsck; echo "DISK-BROKEN"; exit 1; }
mount -t ext4 "$disk" /mnt || exit 1
kept=0
while [ -e "/mnt/$((kept + 1))" ]; do
    record $((kept + 1)) >/tmp/record
    cmp -s /tmp/record "/mnt/$((kept + 1))" || break
    kept=$((kept + 1))
done
echo "KEPT $kept"
number=$kept
while true; do
    number=$((number + 1))
    record $number >"/mnt/$number"
    sync
    echo "FLUSHED $number"
done

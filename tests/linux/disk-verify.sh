# Looks at what disk-write.sh has written before this boot.
disk=${DISK:-/dev/vda} sum=${SUM:-md5sum}
set -e
e2fsck -f -n "$disk"
mount -t ext4 -o ro "$disk" /mnt
cd /mnt
$sum -c sums >/tmp/checked || { grep -v ': OK$' /tmp/checked; exit 1; }
echo "DISK-VERIFIED $(wc -l </tmp/checked) files $($sum <sums)"
cd /
umount /mnt

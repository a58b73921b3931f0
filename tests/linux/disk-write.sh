# Makes an ext4 on DISK, writes MIB mebibytes of random bytes to it, keeps their sums there.
# disk-verify.sh looks at them after the next boot.
disk=${DISK:-/dev/vda} mib=${MIB:-256} sum=${SUM:-md5sum}
set -e
mkfs.ext4 -q -F -E lazy_itable_init=0 "$disk"
mount -t ext4 "$disk" /mnt
# One block of random bytes, behind a number: no two files are alike at any offset.
head -c 4194304 /dev/urandom >/tmp/block
number=0
while [ $number -lt $((mib / 4)) ]; do
    { echo "file $number"; cat /tmp/block; } >"/mnt/$number"
    number=$((number + 1))
done
cd /mnt
$sum [0-9]* >sums
sync
cd /
df -m /mnt | tail -n 1
echo "DISK-WRITTEN $number files $($sum </mnt/sums)"
umount /mnt

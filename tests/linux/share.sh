# Reads and writes the host's folder through 9p.  The host has put "from-host" there.
set -e
tag=$(cat /sys/bus/virtio/devices/*/mount_tag | tr -d '\0')
mount -t 9p -o trans=virtio,version=9p2000.L,msize=65536 "$tag" /mnt
echo "SHARE-TAG $tag"
echo "SHARE-READ $(md5sum </mnt/from-host)"
if [ -n "$SHARE_READ_ONLY" ]; then
    if (echo no >/mnt/no) 2>/tmp/error; then exit 1; fi
    sed 's,.*: ,SHARE-REFUSED ,' /tmp/error
    umount /mnt
    exit 0
fi
head -c 5000000 /dev/urandom >/tmp/data
cp /tmp/data /mnt/from-guest
mkdir /mnt/folder
mv /mnt/from-guest /mnt/folder/renamed
ln -s renamed /mnt/folder/link
echo appended >>/mnt/folder/renamed
echo appended >>/tmp/data
truncate -s 100 /mnt/folder/short
touch /mnt/folder/gone
rm /mnt/folder/gone
chmod 640 /mnt/folder/renamed
umount /mnt
# Mounted anew, so nothing comes from what the guest remembers.
mount -t 9p -o trans=virtio,version=9p2000.L "$tag" /mnt
cmp /tmp/data /mnt/folder/link
echo "SHARE-LIST $(cd /mnt/folder && stat -c '%n:%s:%a:%F' * | tr ' \n' '_ ')"
echo "SHARE-WROTE $(md5sum </mnt/folder/renamed)"
umount /mnt

# Reads from the virtio entropy source.
set -e
source=$(cat /sys/class/misc/hw_random/rng_current)
dd if=/dev/hwrng of=/tmp/random bs=512 count=16 iflag=fullblock 2>/dev/null
# Of 8192 random bytes about all 256 values are there.
values=$(od -v -t u1 -An -w1 /tmp/random | sort -u | wc -l)
echo "RNG $source $(wc -c </tmp/random) bytes $values values $(md5sum </tmp/random)"
[ "$values" -gt 250 ]

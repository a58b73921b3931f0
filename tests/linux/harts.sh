# All harts work: each is kept busy by one process that is bound to it.
harts=$(grep -c ^processor /proc/cpuinfo)
echo "HARTS $harts"
hart=0
while [ $hart -lt "$harts" ]; do
    taskset -c $hart sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; cut -d " " -f 39 /proc/self/stat' >"/tmp/hart$hart" &
    hart=$((hart + 1))
done
wait
cat /tmp/hart* | sort -n | tr '\n' ' ' | sed 's,^,RAN-ON ,; s, $,,'
echo

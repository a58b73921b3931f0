# For the root image: stress-ng checks what it computes, for SECONDS_EACH seconds of each stressor.
seconds=${SECONDS_EACH:-100}
status=0
for stressor in vm mmap fork futex switch atomic; do
    case $stressor in
        vm) more='--vm-bytes 64M' ;;
        mmap) more='--mmap-bytes 64M' ;;
        *) more= ;;
    esac
    stress-ng --verify --timeout "$seconds" --$stressor "$(nproc)" $more --metrics-brief --oomable
    result=$?
    echo "STRESS $stressor $result"
    [ $result = 0 ] || status=1
done
exit $status

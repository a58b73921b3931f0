# The time: the kernel set its clock from the RTC at boot.
echo "DATE $(date -u +%s)"
echo "RTC $(cat /sys/class/rtc/rtc0/name) $(cat /sys/class/rtc/rtc0/since_epoch)"

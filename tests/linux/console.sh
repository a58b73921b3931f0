# The second console: says something there, and repeats the line that it hears.
exec 3<>/dev/hvc0
stty -echo <&3
echo "HVC0-READY" >&3
if read -r -t "${WAIT:-10}" line <&3; then
    echo "HVC0-ECHO $line" >&3
    echo "HVC0-HEARD $line"
else
    echo "HVC0-SILENT"
fi

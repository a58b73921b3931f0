# Runs the scripts beside it that the kernel's command line names: TESTS=rng,net
# (Linux hands NAME=VALUE words that it does not know to init as environment.)
# Each script ends with status 0 if all is well.
status=0
for name in $(echo "$TESTS" | tr ',' ' '); do
    echo "TEST-BEGIN $name"
    sh "$(dirname "$0")/tests/$name.sh"
    result=$?
    echo "TEST-END $name $result"
    [ $result = 0 ] || status=1
done
exit $status

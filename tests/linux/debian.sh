# For the root image: its own tools work.
set -e
[ -z "$(dpkg --audit)" ]
echo "DPKG $(dpkg -l | grep -c '^ii ') packages $(dpkg -l | grep -vc '^ii ') other lines"
dpkg --verify libc6 dpkg
python3 -c 'import hashlib, json, math, sqlite3
print("PYTHON", hashlib.sha256(b"pagewalk").hexdigest()[:16], json.dumps([2**100, math.pi]), sqlite3.sqlite_version)'
apt-cache policy stress-ng | grep Installed

#!/bin/bash
# Runs a command beside a wazo-plugind as it is: the program of github.com/wazo-platform, unchanged, in namespaces and a Debian 12 of
# its own, with RabbitMQ from Debian; plugctl's built server stands in for wazo-auth and has the market.
#
#   scripts/wazo-plugind.sh FOLDER COMMAND [ARGUMENT…]
#   scripts/wazo-plugind.sh /srv/wazo npx vitest run --project integration test/integration/deb/wazo-bus.test.ts
#   scripts/wazo-plugind.sh /srv/wazo npm run bench:deb
#   scripts/wazo-plugind.sh /srv/wazo bash
#
# FOLDER/sources has checkouts of wazo-plugind, wazo-bus, wazo-auth-client, wazo-confd-client, wazo-market-client,
# wazo-lib-rest-client and xivo-lib-python; the system is made in FOLDER/root by the first run, which takes some minutes.
# It needs root, debootstrap, pip and `npm run build`. The command sees the network of the place, which is a loopback, and
# WAZO_PLUGIND, WAZO_PLUGIND_AUTH, WAZO_PLUGIND_MARKET, WAZO_PLUGIND_PASSWORD, WAZO_PLUGIND_TOKEN, WAZO_PLUGIND_AMQP and
# FOLDER, which is where repositories have to be. All of it ends with the command.
set -euo pipefail

folder=$(realpath "$1")
shift
project=$(dirname "$(dirname "$(realpath "$0")")")
root=$folder/root
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)

# Debian's packages that wazo-plugind depends on; looseversion is not in Debian 12, and pip has it.
PACKAGES="python3-cheroot python3-consul python3-flask python3-flask-cors python3-flask-restful python3-jinja2
  python3-kombu python3-marshmallow python3-netifaces python3-requests python3-setuptools python3-stevedore
  python3-unidecode python3-werkzeug python3-pip python3-wheel python3-yaml gdebi-core git fakeroot adduser rabbitmq-server"
SOURCES="xivo-lib-python wazo-lib-rest-client wazo-auth-client wazo-confd-client wazo-market-client wazo-bus wazo-plugind"

apart() { unshare --mount --pid --ipc --uts --fork --kill-child "$@"; }

make_system() {
  rm -rf "$root.new"
  apart debootstrap --variant=minbase bookworm "$root.new" "$mirror"
  cp --remove-destination /etc/resolv.conf "$root.new/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' > "$root.new/usr/sbin/policy-rc.d"
  chmod 755 "$root.new/usr/sbin/policy-rc.d"
  apart chroot "$root.new" apt-get --quiet update
  # shellcheck disable=SC2086
  apart chroot "$root.new" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $PACKAGES
  cp -r "$folder/sources" "$root.new/usr/src/wazo"
  for name in $SOURCES; do
    apart chroot "$root.new" pip install --quiet --break-system-packages --no-deps --no-build-isolation "/usr/src/wazo/$name"
  done
  python3 -m pip download --quiet --no-deps --dest "$root.new/usr/src/wazo" looseversion
  apart chroot "$root.new" sh -c 'pip install --quiet --break-system-packages --no-deps /usr/src/wazo/looseversion-*.whl'
  # What its package's postinst does.
  apart chroot "$root.new" sh -ec '
    adduser --quiet --system --group --home /var/lib/wazo-plugind wazo-plugind
    mkdir -p /var/lib/wazo-plugind/downloads /var/lib/wazo-plugind/rules /usr/lib/wazo-plugind/plugins /etc/wazo-plugind/conf.d
    cp -r /usr/src/wazo/wazo-plugind/templates /usr/lib/wazo-plugind/
    touch /var/log/wazo-plugind.log
    chown -R wazo-plugind: /var/lib/wazo-plugind /usr/lib/wazo-plugind /var/log/wazo-plugind.log
    # Repositories belong to whoever makes them.
    git config --system safe.directory "*"'
  mv "$root.new" "$root"
}

# In the namespaces: the system becomes the root. Devices are the harmless ones; /proc/sys cannot be written.
ENTER='
set -e
ip link set lo up
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t tmpfs -o mode=0755 tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
ln -s /proc/self/fd dev/fd
mkdir -m 1777 dev/shm
mkdir -p ".$2"
mount --bind "$2" ".$2"
mkdir -p old
pivot_root . old
umount -l old
rmdir old
cd /
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
hostname localhost
rabbitmq-server >/var/log/rabbitmq-start.log 2>&1 &
rabbitmqctl --silent await_startup --timeout 90 >/dev/null 2>&1 || rabbitmqctl await_startup --timeout 60 >/dev/null
while ! [ -e /run/auth-is-ready ]; do sleep 0.1; done
export XIVO_UUID=00000000-0000-4000-8000-000000000000 WAZO_VERSION=24.10 PYTHONUNBUFFERED=TRUE
# The first process of the namespaces stays root: a change of its user would keep it from ending with who began it.
wazo-plugind -d &
wait $!'

[ -d "$root" ] || make_system
mkdir -p "$folder/repositories" "$root/run"
rm -rf "$folder/auth" "$root/run/auth-is-ready"
mkdir "$folder/auth"
password=$(od -An -tx1 -N 16 /dev/urandom | tr -d ' \n')
(umask 077; printf %s "$password" > "$folder/auth/password")
printf '{"items": []}' > "$folder/repositories/market.json"
(umask 077; cat > "$root/etc/wazo-plugind/config.yml") <<CONFIG
auth: {host: 127.0.0.1, port: 9497, https: false, prefix: null, username: admin, password: "$password"}
market: {host: 127.0.0.1, port: 9497, https: false, version: v1}
bus: {host: 127.0.0.1}
CONFIG

unshare --mount --pid --net --ipc --uts --fork --kill-child sh -c "$ENTER" sh "$root" "$folder/repositories" \
  > "$folder/wazo-plugind.log" 2>&1 &
keeper=$!
auth=
trap 'kill -KILL $keeper 2>/dev/null; [ -z "$auth" ] || kill $auth; wait 2>/dev/null || :' EXIT
until inside=$(cat "/proc/$keeper/task/$keeper/children") && [ -n "$inside" ]; do sleep 0.1; done
within() { nsenter --net="/proc/${inside%% *}/ns/net" "$@"; }

export PLUGCTL_CONFIG_DIR=$folder/auth/config
export PATH=$project/node_modules/.bin:$PATH
# Not by the function, which would be a process of its own in between.
nsenter --net="/proc/${inside%% *}/ns/net" node "$project/bin/plugctl.js" serve --only deb --port 9497 --data "$folder/auth/data" \
  --admin-password-file "$folder/auth/password" --deb-market "$folder/repositories/market.json" \
  --ready-file "$folder/auth/ready.json" > "$folder/auth/server.log" 2>&1 &
auth=$!
until [ -s "$folder/auth/ready.json" ]; do
  kill -0 $auth
  sleep 0.1
done
touch "$root/run/auth-is-ready"

export WAZO_PLUGIND=http://127.0.0.1:9503/0.2 WAZO_PLUGIND_AUTH=http://127.0.0.1:9497
export WAZO_PLUGIND_AMQP=amqp://guest:guest@127.0.0.1:5672 WAZO_PLUGIND_MARKET=$folder/repositories/market.json
export WAZO_PLUGIND_PASSWORD=$password FOLDER=$folder/repositories
WAZO_PLUGIND_TOKEN=$(within node -e '
  const { credentials } = JSON.parse(require("fs").readFileSync(`${process.env.PLUGCTL_CONFIG_DIR}/credentials.json`));
  console.log(credentials["local-deb"].token)')
export WAZO_PLUGIND_TOKEN
until within node -e '
  fetch(`${process.env.WAZO_PLUGIND}/status`, { headers: { "x-auth-token": process.env.WAZO_PLUGIND_TOKEN } })
    .then((answer) => answer.json()).then(({ master_tenant }) => process.exit(master_tenant.status === "ok" ? 0 : 1))
    .catch(() => process.exit(1))'; do
  kill -0 $keeper || { tail -n 30 "$folder/wazo-plugind.log"; exit 1; }
  sleep 0.5
done
unset PLUGCTL_CONFIG_DIR
within "$@"

#!/bin/busybox sh
# Before systemd becomes PID 1: of the host's own services it is to start none (no udev, fsck, timers), and the command is
# a service whose end powers off. $VM_JOB/run is the command.
set -e
cd /etc/systemd/system
rm -rf ./*.wants ./*.requires ../user/*.wants /usr/lib/systemd/system/*.wants /usr/lib/systemd/*-generators

# as it comes, it would empty /tmp, where the host's files are
mkdir -p systemd-tmpfiles-setup.service.d user@.service.d
cat >systemd-tmpfiles-setup.service.d/vm.conf <<'UNIT'
[Service]
ExecStart=
ExecStart=systemd-tmpfiles --create --boot --prefix=/run
UNIT

# users get every controller, where Debian gives them two
cat >user@.service.d/vm.conf <<'UNIT'
[Service]
Delegate=cpu cpuset io memory pids
UNIT

cat >vm.target <<'UNIT'
[Unit]
Requires=basic.target
Wants=systemd-journald.service systemd-tmpfiles-setup.service vm.service
After=basic.target
AllowIsolate=yes
UNIT

cat >vm.service <<UNIT
[Unit]
Wants=dbus.service systemd-logind.service
After=basic.target systemd-tmpfiles-setup.service dbus.service systemd-logind.service
[Service]
Type=oneshot
Delegate=yes
TasksMax=infinity
TimeoutStartSec=infinity
Environment=PATH=$PATH HOME=/root USER=root LANG=C.UTF-8
ExecStart=/bin/busybox sh $VM_JOB/run
ExecStopPost=+/bin/busybox poweroff -f
UNIT

#!/bin/busybox sh
# The machine's first program, on the host's / as root: it lays a writable layer over the host's files, mounts what a
# machine has mounted, and then runs the command or becomes systemd. $VM_JOB, from the kernel's command line, is the folder
# shared with the host: `settings` says what is wanted, `run` is the command, `started` and `status` tell how far it is.
# All in busybox, which runs its applets without a fork: the machine is slow at those.
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# busybox finds itself there
/bin/busybox mount -t proc proc /proc
. "$VM_JOB/settings"
release=$(uname -r)
here=${0%/*}

# nothing that is done here reaches the host
grep -q overlay /proc/filesystems || insmod "$VM_MODULES/$release/kernel/fs/overlayfs/overlay.ko"
mount -t tmpfs -o size=75% tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/new
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/new
cd /mnt/new
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs dev dev
mkdir -p dev/pts dev/shm dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t mqueue mqueue dev/mqueue
mount -t tmpfs -o mode=755 tmpfs run
mkdir run/lock
mount -t securityfs securityfs sys/kernel/security
mount -t bpf bpf sys/fs/bpf 2>/dev/null || : # not every kernel has it
if [ "$VM_ENGINE" = uml ]; then
	mount -o bind "$VM_JOB" "/mnt/new$VM_JOB"
else
	mount -t 9p -o trans=virtio,version=9p2000.L,cache=none job "/mnt/new$VM_JOB"
fi
pivot_root . mnt
cd /
umount -l /mnt
# for tests' files: the layer over the host's files takes no mappings of ids, and no layers of others
mount -t tmpfs -o size=50% tmpfs /mnt
exec <>/dev/console >&0 2>&1
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
[ -d "/lib/modules/$release" ] || { mkdir -p /lib/modules && ln -s "$VM_MODULES/$release" /lib/modules/; }
modprobe -q virtio_blk || : # the disk of an emulated machine
modprobe -q bfq || insmod "$VM_MODULES/$release/kernel/block/bfq.ko" || : # weights of disks take an I/O scheduler that knows them
ifconfig lo up
if [ "$VM_ENGINE" = qemu ]; then # remote direct memory access by software, so that there is something to limit
	modprobe rdma_rxe
	ip link add dummy0 type dummy
	ifconfig dummy0 up
	rdma link add rxe0 type rxe netdev dummy0
	modprobe loop
fi
hostname vm

if [ "$VM_SYSTEMD" = yes ]; then
	sh "$here/systemd.sh"
	# it looks there, and not in /proc, when it takes the machine for a container by what the host has in /
	export SYSTEMD_PROC_CMDLINE="$(cat /proc/cmdline)"
	exec /lib/systemd/systemd --unit=vm.target --show-status=0 --log-level=notice --log-target=console
fi

# this script stays PID 1; all controllers are given to the children of the top, as systemd would do it
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control; done
setsid env -i PATH="$PATH" LANG=C.UTF-8 HOME=/root USER=root sh "$VM_JOB/run" &
wait $! || :
exec poweroff -f

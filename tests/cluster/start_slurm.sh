#!/usr/bin/env bash
# A Slurm of one node on this machine, with processors, memory and GPUs that are only simulated.
#
#   tests/cluster/start_slurm.sh FOLDER [GPUS]      stop with tests/cluster/stop_slurm.sh FOLDER
#
# Needs root, and Debian's slurm-wlm and munge. No systemd, no cgroups, no accounting: a job over its memory is found by
# Slurm's own sampling. Everything is in FOLDER except three links in /etc/slurm, because the executor plugin takes
# SLURM_CONF out of the environment of its inner srun.
set -euo pipefail
folder=$(realpath -m "$1")
gpus=${2:-2}
cpus=${CPUS:-4} memory=${MEMORY:-64000} # MB; what the node reports, not what it has
host=$(hostname -s)

for name in slurm gres cgroup; do
  if [ -e "/etc/slurm/$name.conf" ] || [ -L "/etc/slurm/$name.conf" ]; then
    echo "/etc/slurm/$name.conf exists: this machine has a Slurm already, or a test left its own (then run stop_slurm.sh)." >&2
    exit 1
  fi
done
mkdir -p "$folder"/{state,spool,log,munge,socket} /etc/slurm
chmod 755 "$folder" "$folder"/*
chmod 700 "$folder/munge"

dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 400 "$folder/munge/key"
munged --force --num-threads=2 --key-file="$folder/munge/key" --socket="$folder/socket/munge" \
  --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"

cat > "$folder/slurm.conf" <<CONF
ClusterName=simulated
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${SLURMCTLD_PORT:-16817}
SlurmdPort=${SLURMD_PORT:-16818}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/socket/munge
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/log/finished.txt
SwitchType=switch/none
MpiDefault=none
SchedulerParameters=bf_interval=1,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
ReturnToService=2
MinJobAge=300
KillWait=5
OverTimeLimit=0
PropagateResourceLimits=NONE
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory Gres=gpu:$gpus State=UNKNOWN
PartitionName=cpu Nodes=$host Default=YES MaxTime=4320 State=UP
PartitionName=gpu Nodes=$host MaxTime=4320 State=UP
CONF
# One character device for each simulated GPU: with fewer the node is drained, with plain files no job gets a device.
devices=(/dev/null /dev/zero /dev/full /dev/urandom)
for ((i = 0; i < gpus; i++)); do echo "NodeName=$host Name=gpu File=${devices[i]} AutoDetect=off"; done > "$folder/gres.conf"
echo "CgroupAutomount=no" > "$folder/cgroup.conf"
for name in slurm gres cgroup; do ln -s "$folder/$name.conf" "/etc/slurm/$name.conf"; done

slurmctld -f "$folder/slurm.conf"
slurmd -f "$folder/slurm.conf" -N "$host"
for _ in $(seq 100); do
  if sinfo --noheader --format=%T 2> /dev/null | grep -q idle; then
    sinfo
    exit 0
  fi
  sleep 0.2
done
echo "The node did not become idle in 20 s:" >&2
tail -n 20 "$folder"/log/*.log >&2
exit 1

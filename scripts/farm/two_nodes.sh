#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SLURM with two nodes on this one machine, to try a job on a real scheduler. As root, on Debian or Ubuntu:
#
#     apt-get install -y --no-install-recommends slurmctld slurmd slurm-client
#     two_nodes.sh start DIR      then: export SLURM_CONF=DIR/slurm.conf
#     two_nodes.sh fail DIR       ends node n2's daemon as a failed machine would: what it had started lives on
#     two_nodes.sh stop DIR
set -euo pipefail
action=${1:?start, fail or stop}
folder=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)
export SLURM_CONF=$folder/slurm.conf

configure() { # tasks go to both nodes alike (LLN), and those of a failed one begin again after seconds (cred_expire)
    local plugins host
    plugins=$(dirname "$(dpkg -L slurm-wlm-basic-plugins | grep -m1 '/auth_none\.so$')")
    host=$(hostname -s)
    mkdir -p "$folder"/{state,n1,n2}
    cat >"$SLURM_CONF" <<CONF
ClusterName=here
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26917
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
PluginDir=$plugins
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/controller.pid
SlurmdPidFile=$folder/%n.pid
SlurmdSpoolDir=$folder/%n
SlurmctldLogFile=$folder/controller.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
MaxArraySize=100001
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[26918-26919] CPUs=8 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES LLN=YES MaxTime=INFINITE State=UP
CONF
}

end() { # SIGNAL PIDFILE
    if [ -s "$2" ]; then kill "-$1" "$(cat "$2")" 2>/dev/null || true; fi
}

is_alive() { # PID; not one that has ended and that nobody has asked about
    [ -r "/proc/$1/stat" ] && ! grep -q ') [ZX] ' "/proc/$1/stat" 2>/dev/null
}

case $action in
    start)
        configure
        slurmctld -c
        slurmd -N n1
        slurmd -N n2
        for _ in $(seq 100); do
            if [ "$(sinfo -h -o %t 2>/dev/null | sort -u)" = idle ]; then exit 0; fi
            sleep 0.2
        done
        exit 1
        ;;
    fail)
        end KILL "$folder/n2.pid"
        scontrol update NodeName=n2 State=DOWN Reason="its machine failed"
        ;;
    stop) # a daemon deletes its file of its process before it has ended, so they are read first
        pids=$(cat "$folder"/{n1,n2,controller}.pid 2>/dev/null || true)
        scancel --user=root 2>/dev/null || true
        for signal in TERM KILL; do
            for pid in $pids; do kill "-$signal" "$pid" 2>/dev/null || true; done
            for _ in $(seq 50); do
                living=0
                for pid in $pids; do if is_alive "$pid"; then living=1; fi; done
                if [ $living = 0 ]; then exit 0; fi
                sleep 0.2
            done
        done
        exit 1
        ;;
    *) exit 2 ;;
esac

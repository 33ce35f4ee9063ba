package main

import (
	"os/exec"
	"syscall"
)

// killedWithUs has the kernel end the program when we are gone, however we went.
func killedWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

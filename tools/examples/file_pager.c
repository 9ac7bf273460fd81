// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest pager: shows a file to a command as a VMO. The tutorial
 * (Documentation/tutorial.rst) goes through it line by line.
 *
 *   file_pager FILE COMMAND [ARGUMENT]...
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmopager/vmopager.h>

struct source {
	struct vmop_pager *pager;
	int fd;
};

static int supply(void *ctx, void *local, struct vmop_vmo *vmo,
		  const struct vmop_port_record *req)
{
	const struct source *src = ctx;

	(void)local;
	fprintf(stderr, "asked for %llu bytes at %llu\n", req->length,
		req->offset);
	return vmop_pager_supply_file(src->pager, vmo, req->offset,
				      req->length, src->fd, req->offset, NULL);
}

static int run(const struct vmop_vmo *vmo, char **command)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid) {
		if (dup2(vmop_vmo_fd(vmo), STDIN_FILENO) == STDIN_FILENO)
			execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	VMOP_OPTS(vmop_handler, handler, .read = supply);
	struct vmop_vmo *vmo, *user;
	struct vmop_loop *loop;
	struct source src;
	struct stat st;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: %s FILE COMMAND...\n", argv[0]);
		return 2;
	}
	src.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (src.fd < 0 || fstat(src.fd, &st)) {
		perror(argv[1]);
		return 1;
	}
	if (vmop_pager_open(NULL, &src.pager) ||
	    vmop_loop_new(src.pager, NULL, &loop) ||
	    vmop_loop_add(loop, st.st_size, NULL, &handler, &src, &vmo) ||
	    vmop_vmo_reopen(vmo, O_RDONLY, &user) ||
	    vmop_loop_start(loop)) {
		fprintf(stderr, "cannot %s\n", vmop_errmsg());
		return 1;
	}
	status = run(user, argv + 2);
	vmop_vmo_close(user);
	vmop_loop_free(loop);
	vmop_pager_close(src.pager);
	return status;
}

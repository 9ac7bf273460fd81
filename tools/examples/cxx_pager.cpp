// SPDX-License-Identifier: GPL-2.0
/*
 * The library from C++: handles in unique_ptr, so that they close themselves in
 * the right order, and a handler that is a lambda without captures. What it
 * needs comes as ctx. The library must not see exceptions: this one reports
 * what went wrong as an errno.
 *
 *   cxx_pager LETTER		a VMO of 1 MiB that is full of the letter
 */
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <unistd.h>
#include <vmopager/vmopager.h>

namespace {

struct closer {
	void operator()(vmop_pager *p) const { vmop_pager_close(p); }
	void operator()(vmop_loop *l) const { vmop_loop_free(l); }
};

struct letters {
	std::unique_ptr<vmop_pager, closer> pager;
	char letter;
	std::atomic<int> requests;
};

int supply(letters &self, const vmop_vmo *vmo, const vmop_port_record *req)
try {
	const std::string text(req->length, self.letter);

	self.requests++;
	return vmop_pager_supply_copy(self.pager.get(), vmo, req->offset,
				      req->length, text.data(), nullptr);
} catch (const std::bad_alloc &) {
	return -ENOMEM;
}

int fail(const char *text)
{
	std::fprintf(stderr, "cxx_pager: %s\n", text);
	return 1;
}

} // namespace

int main(int argc, char **argv)
{
	constexpr size_t length = 1 << 20;
	VMOP_OPTS(vmop_handler, handler);
	VMOP_OPTS(vmop_vmo_opts, opts);
	vmop_pager *pager = nullptr;
	vmop_loop *new_loop = nullptr;
	vmop_vmo *vmo = nullptr;

	if (argc != 2)
		return fail("usage: cxx_pager LETTER");
	if (vmop_pager_open(nullptr, &pager))
		return fail(vmop_errmsg());
	letters self{ std::unique_ptr<vmop_pager, closer>(pager), argv[1][0],
		      {} };

	handler.read = [](void *ctx, void *, vmop_vmo *target,
			  const vmop_port_record *req) {
		return supply(*static_cast<letters *>(ctx), target, req);
	};
	opts.name = "letters";
	if (vmop_loop_new(pager, nullptr, &new_loop))
		return fail(vmop_errmsg());
	std::unique_ptr<vmop_loop, closer> loop(new_loop);

	if (vmop_loop_add(loop.get(), length, &opts, &handler, &self, &vmo) ||
	    vmop_loop_start(loop.get()))
		return fail(vmop_errmsg());

	std::string text(length, '\0');
	for (size_t have = 0; have < length;) {
		const ssize_t n = pread(vmop_vmo_fd(vmo), &text[have],
					length - have,
					static_cast<off_t>(have));
		if (n <= 0)
			return fail("cannot read the VMO");
		have += static_cast<size_t>(n);
	}
	if (text.find_first_not_of(self.letter) != std::string::npos)
		return fail("the VMO has another letter");
	/* A resize must fail, and say so. */
	if (!vmop_vmo_resize(vmo, 0))
		return fail("a VMO that is not resizable was resized");
	std::printf("%zu times %c, %d requests; %s\n", length, self.letter,
		    self.requests.load(), vmop_errmsg());
	return 0;
}

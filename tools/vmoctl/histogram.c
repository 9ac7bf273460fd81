// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms of times, as bars and as JSON.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "human.h"
#include "out.h"
#include "out_json.h"

#define BAR 40

/**
 * struct range - the buckets that have samples
 * @first: the first one
 * @end: behind the last one
 * @samples: all of them
 * @most: in the fullest one
 */
struct range {
	unsigned int first;
	unsigned int end;
	__u64 samples;
	__u64 most;
};

static struct range find_range(const __u64 *buckets, unsigned int count)
{
	struct range r = { 0 };
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!buckets[i])
			continue;
		if (!r.samples)
			r.first = i;
		r.end = i + 1;
		r.samples += buckets[i];
		if (buckets[i] > r.most)
			r.most = buckets[i];
	}
	return r;
}

/* Where bucket i begins. */
static __u64 bucket_start(unsigned int i)
{
	return i ? 1ull << i : 0;
}

static json_object *as_json(const __u64 *buckets, const struct range *r,
			    __u64 total_ns)
{
	json_object *all = json_object_new_object();
	json_object *list = json_object_new_array(), *one;
	unsigned int i;

	json_object_object_add(all, "samples",
			       json_object_new_uint64(r->samples));
	json_object_object_add(all, "total_ns",
			       json_object_new_uint64(total_ns));
	json_object_object_add(all, "buckets", list);
	for (i = r->first; i < r->end; i++) {
		one = json_object_new_object();
		json_object_object_add(one, "from_ns",
				       json_object_new_uint64(bucket_start(i)));
		json_object_object_add(one, "count",
				       json_object_new_uint64(buckets[i]));
		json_object_array_add(list, one);
	}
	return all;
}

static void print_bar(const __u64 *buckets, unsigned int i, unsigned int count,
		      __u64 most)
{
	char bar[BAR + 1], from[32], to[32] = "";
	unsigned int n, len;

	/* What there is shows. */
	len = (unsigned int)((double)buckets[i] / (double)most * BAR);
	if (buckets[i] && !len)
		len = 1;
	for (n = 0; n < BAR; n++)
		bar[n] = n < len ? '#' : ' ';
	bar[BAR] = 0;
	human_nsec(bucket_start(i), from, sizeof(from));
	if (i + 1 < count)
		human_nsec(bucket_start(i + 1), to, sizeof(to));
	fprintf(out_stream, "  %9s - %9s |%s| %llu\n", from, to, bar,
		buckets[i]);
}

void out_histogram(struct out *o, const char *key, const __u64 *buckets,
		   unsigned int count, __u64 total_ns)
{
	struct range r = find_range(buckets, count);
	char text[80], mean[32];
	unsigned int i;

	if (out_is_json(o)) {
		out_json(o, key, as_json(buckets, &r, total_ns));
		return;
	}
	if (!r.samples) {
		out_text(o, key, "no samples");
		return;
	}
	snprintf(text, sizeof(text), "%llu samples, mean %s", r.samples,
		 human_nsec(total_ns / r.samples, mean, sizeof(mean)));
	out_text(o, key, text);
	for (i = r.first; i < r.end; i++)
		print_bar(buckets, i, count, r.most);
}

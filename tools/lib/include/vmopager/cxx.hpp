/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmopager: what C++ says in another way than C.
 *
 * Part of <vmopager/vmopager.h>, which describes it: programs name that one.
 */
#ifndef VMOPAGER_CXX_HPP
#define VMOPAGER_CXX_HPP

template <typename T> inline T vmop_sized()
{
	T t = {};

	t.sz = sizeof(t);
	return t;
}

#define VMOP_OPTS(type, name) struct type name = vmop_sized<struct type>()

#endif /* VMOPAGER_CXX_HPP */

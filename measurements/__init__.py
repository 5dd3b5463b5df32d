"""Measurements that come with coinfer: the operating points, and what each did to every image."""

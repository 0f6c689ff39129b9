drop index suppressions_lately;

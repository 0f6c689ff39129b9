drop table trials;

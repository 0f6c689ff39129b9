drop table paces, limits;

drop table reload_proposals;

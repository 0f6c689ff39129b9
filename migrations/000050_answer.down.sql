alter table sessions drop column answer;

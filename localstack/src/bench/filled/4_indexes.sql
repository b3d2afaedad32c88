-- Builds what the first file took away, and leaves the tables as a quiet night does.
do $$
declare
    index record;
begin
    for index in select * from built_later loop
        execute index.definition;
    end loop;
end $$;
